-- Grain: one row per staged file of final figures, with the start of its oldest session.
-- The start is text, so that it can be bound as a parameter again.
select cast(min(started_at) as varchar) as started_at
from read_parquet($file);
