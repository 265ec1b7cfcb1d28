-- Every meeting of a run's list has an outcome
-- grain: a run, of whatever app, whose outcomes are not as many as the meetings of its list
-- Idle meetings have no rows: who they are is known from the stored list alone, so that it must be there, and whole.
-- Lines of the list that are no IDs have an outcome, too: they failed. A run of all live sessions of an app has no list.
with invalid as (
    select run_id, count(*) as lines
    from fetch_failures
    where kind = 'invalid_id'
        and slot >= $since
        and slot < $until
    group by run_id
),

lists as (
    select list_id, count(*) as meetings
    from meeting_lists
    group by list_id
)

select
    runs.run_id,
    runs.slot,
    runs.list_id,
    coalesce(lists.meetings, 0) as listed_meetings,
    coalesce(invalid.lines, 0) as invalid_lines,
    runs.meetings as outcomes
from runs
left join lists using (list_id)
left join invalid using (run_id)
where runs.kind = 'snapshot'
    and runs.list_id not like 'all:%'
    and runs.slot >= $since
    and runs.slot < $until
    and runs.meetings <> listed_meetings + invalid_lines
order by runs.run_id;
