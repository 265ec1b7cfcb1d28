-- How many of the watched meetings are idle?
-- Grain: one row per day (UTC) of the last 30, with the outcomes of all its runs.
-- Theme: Meetings
select
    cast(slot at time zone 'UTC' as date) as day,
    cast(sum(live) as bigint) as live,
    cast(sum(idle) as bigint) as idle,
    cast(sum(failed) as bigint) as failed,
    round(100 * sum(idle) / nullif(sum(live) + sum(idle), 0), 1) as idle_percent
from runs
where kind = 'snapshot'
    and slot >= now() - interval 30 days
group by day
order by day;
