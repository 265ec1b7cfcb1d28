-- Count the outcomes that stay in the runs that have meetings of the app $app_id, or the meetings
-- $meeting_ids, beside others. Their list gets another ID: it is no longer the list of that
-- content, which may come again. A run for a whole app keeps its list, which has no meetings.
-- In a run that repeats a slot, a meeting counts as live if an earlier run of the slot saw it.
update runs
set
    meetings = remaining.meetings,
    live = remaining.live,
    idle = remaining.idle,
    failed = remaining.failed,
    list_id = case
        when runs.list_id in (
            select list_id
            from meeting_lists
            where app_id = $app_id
                or meeting_id in (select unnest(cast($meeting_ids as varchar[])))
        ) then concat(runs.list_id, '-', $erasure_id)
        else runs.list_id
    end
from (
    select
        run_id,
        count(*) filter (where not is_erased) as meetings,
        count(*) filter (where not is_erased and outcome = 'live') as live,
        count(*) filter (where not is_erased and outcome = 'idle') as idle,
        count(*) filter (where not is_erased and outcome = 'failed') as failed
    from (
        select
            run_id,
            outcome,
            coalesce(app_id = $app_id, false)
                or meeting_id in (select unnest(cast($meeting_ids as varchar[]))) as is_erased
        from outcomes
        where run_id not in (select try_cast(unnest($run_ids) as uuid))
    )
    group by run_id
    having bool_or(is_erased)
) as remaining
where runs.run_id = remaining.run_id
    and runs.kind = 'snapshot';
