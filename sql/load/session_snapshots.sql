-- Adds a staged run's snapshots, leaving out the meetings that its slot holds already.
-- All rows of a run are of one slot: naming it as a constant lets the zone maps skip all other slots.
insert into session_snapshots by name
with present as (
    select app_id, meeting_id
    from session_snapshots
    where slot = cast($slot as timestamptz)
)

select staged.*
from read_parquet($file) as staged
anti join present using (app_id, meeting_id);
