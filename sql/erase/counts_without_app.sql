-- Subtract the outcomes of the app $app_id from the runs that have meetings of other apps as well.
-- Their list gets another ID: it is no longer the list of that content, which may come again.
update runs
set
    meetings = runs.meetings - app_outcomes.meetings,
    live = runs.live - app_outcomes.live,
    idle = runs.idle - app_outcomes.idle,
    failed = runs.failed - app_outcomes.failed,
    list_id = case
        when runs.list_id in (select list_id from meeting_lists where app_id = $app_id)
            then concat(runs.list_id, '-', $erasure_id)
        else runs.list_id
    end
from (
    select
        run_id,
        count(*) as meetings,
        count(*) filter (where outcome = 'live') as live,
        count(*) filter (where outcome = 'idle') as idle,
        count(*) filter (where outcome = 'failed') as failed
    from outcomes
    where app_id = $app_id
        and run_id not in (select try_cast(unnest($run_ids) as uuid))
    group by run_id
) as app_outcomes
where runs.run_id = app_outcomes.run_id
    and runs.kind = 'snapshot';
