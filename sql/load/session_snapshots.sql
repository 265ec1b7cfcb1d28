-- Adds a staged run's snapshots, leaving out the meetings that its slot holds already.
-- All rows of a run are of one slot: naming it as a constant lets the zone maps skip all other slots.
insert into session_snapshots by name
select staged.*
from read_parquet($file) as staged
where not exists (
    select 1
    from session_snapshots as present
    where present.slot = cast($slot as timestamptz)
        and present.app_id = staged.app_id
        and present.meeting_id = staged.meeting_id
);
