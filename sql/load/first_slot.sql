-- grain: a staged file of snapshots; the slot that all of them are of, as text so that it can be bound again
select cast(min(slot) as varchar) as slot
from read_parquet($file);
