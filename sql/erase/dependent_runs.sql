-- Grain: one row per later run that relies on rows of the runs $run_ids, and is not one of them.
-- A run that repeats a slot stores no row of a session that an earlier run of the slot has stored.
-- Without that row, its meeting would look idle in the later run.
with chosen as (
    select try_cast(unnest($run_ids) as uuid) as run_id
),

later_runs as (
    select distinct
        runs.run_id,
        runs.slot
    from runs
    join session_snapshots
        on session_snapshots.slot = runs.slot
        and session_snapshots.run_id < runs.run_id
    left join meeting_lists
        on meeting_lists.list_id = runs.list_id
        and meeting_lists.app_id = session_snapshots.app_id
        and meeting_lists.meeting_id = session_snapshots.meeting_id
    where runs.kind = 'snapshot'
        and session_snapshots.run_id in (select run_id from chosen)
        and runs.run_id not in (select run_id from chosen)
        and (
            meeting_lists.meeting_id is not null
            or runs.list_id = 'all:' || session_snapshots.app_id
        )
)

select cast(run_id as varchar) as run_id, slot
from later_runs
order by run_id;
