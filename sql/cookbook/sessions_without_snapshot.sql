-- How many sessions and minutes did no snapshot observe?
-- Grain: one row per day (UTC) of the last 30 on which sessions started.
-- These sessions started and ended between two snapshots. reconcile has found them.
-- Theme: Sessions
select
    cast(started_at at time zone 'UTC' as date) as day,
    count(*) as sessions,
    count(*) filter (where snapshots = 0) as sessions_without_snapshot,
    round(coalesce(sum(minutes) filter (where snapshots = 0), 0), 1) as minutes_without_snapshot,
    round(100 * minutes_without_snapshot / sum(minutes), 1) as percent_without_snapshot
from sessions_between(now() - interval 30 days, now())
where is_final
    and type <> 'breakout'
group by day
order by day;
