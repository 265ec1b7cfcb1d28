-- Count the outcomes of other apps than $app_id in the runs that have meetings of both.
-- Their list gets another ID: it is no longer the list of that content, which may come again.
-- In a run that repeats a slot, a meeting counts as live if an earlier run of the slot saw it.
update runs
set
    meetings = remaining.meetings,
    live = remaining.live,
    idle = remaining.idle,
    failed = remaining.failed,
    list_id = case
        when runs.list_id in (select list_id from meeting_lists where app_id = $app_id)
            then concat(runs.list_id, '-', $erasure_id)
        else runs.list_id
    end
from (
    select
        run_id,
        count(*) filter (where app_id is distinct from $app_id) as meetings,
        count(*) filter (where app_id is distinct from $app_id and outcome = 'live') as live,
        count(*) filter (where app_id is distinct from $app_id and outcome = 'idle') as idle,
        count(*) filter (where app_id is distinct from $app_id and outcome = 'failed') as failed
    from outcomes
    where run_id not in (select try_cast(unnest($run_ids) as uuid))
    group by run_id
    having bool_or(app_id = $app_id)
) as remaining
where runs.run_id = remaining.run_id
    and runs.kind = 'snapshot';
