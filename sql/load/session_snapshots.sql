-- Insert the snapshots of a staged run, without the meetings that its slot already holds.
-- All rows of a run have one slot, $slot. As a constant it lets DuckDB skip all other slots.
insert into session_snapshots by name
with stored as (
    select app_id, meeting_id
    from session_snapshots
    where slot = cast($slot as timestamptz)
)

select staged.*
from read_parquet($file) as staged
anti join stored using (app_id, meeting_id);
