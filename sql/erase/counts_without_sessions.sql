-- Count the sessions $session_ids no longer as live: their meetings count as idle, as if nobody had
-- been there. In a run for a whole app, they do not count at all.
update runs
set
    meetings = runs.meetings - case when runs.list_id like 'all:%' then erased.live else 0 end,
    live = runs.live - erased.live,
    idle = runs.idle + case when runs.list_id like 'all:%' then 0 else erased.live end
from (
    -- A run that repeats a slot may have found idle what an earlier run of the slot saw live.
    select runs.run_id, least(count(*), any_value(runs.live)) as live
    from session_snapshots
    join runs
        on runs.slot = session_snapshots.slot
        and runs.run_id >= session_snapshots.run_id
        and runs.kind = 'snapshot'
    left join meeting_lists
        on meeting_lists.list_id = runs.list_id
        and meeting_lists.app_id = session_snapshots.app_id
        and meeting_lists.meeting_id = session_snapshots.meeting_id
    anti join fetch_failures
        on fetch_failures.run_id = runs.run_id
        and fetch_failures.app_id = session_snapshots.app_id
        and fetch_failures.meeting_id = session_snapshots.meeting_id
    where session_snapshots.session_id in (select unnest(cast($session_ids as varchar[])))
        and (
            meeting_lists.meeting_id is not null
            or runs.list_id = 'all:' || session_snapshots.app_id
        )
    group by runs.run_id
) as erased
where runs.run_id = erased.run_id;
