-- grain: a staged file of daily totals; its first day, as text so that it can be bound again
select cast(min(day) as varchar) as day
from read_parquet($file);
