-- grain: a staged file of final figures; when the oldest of its sessions started, as text so that it can be bound again
select cast(min(started_at) as varchar) as started_at
from read_parquet($file);
