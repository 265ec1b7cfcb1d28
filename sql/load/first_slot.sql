-- Grain: one row per staged file of snapshots, with the slot of all its rows.
-- The slot is text, so that it can be bound as a parameter again.
select cast(min(slot) as varchar) as slot
from read_parquet($file);
