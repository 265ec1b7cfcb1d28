-- Grain: one row per staged file of daily totals, with its first day.
-- The day is text, so that it can be bound as a parameter again.
select cast(min(day) as varchar) as day
from read_parquet($file);
