-- Every meeting of a run's list has one outcome
-- Grain: one row per run, of any app, with more or fewer outcomes than its list has meetings.
-- No table has rows of idle meetings. Only the stored list tells which meetings were idle, so the
-- list must be complete. A line of the list that is not an ID has the outcome failed. A run for all
-- live sessions of an app has no list.
with invalid_line_counts as (
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
    coalesce(invalid_line_counts.lines, 0) as invalid_lines,
    runs.meetings as outcomes
from runs
left join lists using (list_id)
left join invalid_line_counts using (run_id)
where runs.kind = 'snapshot'
    and runs.list_id not like 'all:%'
    and runs.slot >= $since
    and runs.slot < $until
    and outcomes <> listed_meetings + invalid_lines
order by runs.run_id;
