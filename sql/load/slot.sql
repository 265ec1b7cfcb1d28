-- grain: a staged run; its slot, as text so that it can be bound again
select cast(slot as varchar) as slot
from read_parquet($file);
