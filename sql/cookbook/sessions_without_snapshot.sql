-- How much did no snapshot see?
-- grain: a day (UTC) of the last 30, by the start of its sessions; reconcile has found those that lived between two snapshots
select
    cast(started_at at time zone 'UTC' as date) as day,
    count(*) as sessions,
    count(*) filter (where snapshots = 0) as sessions_without_snapshot,
    round(sum(minutes) filter (where snapshots = 0), 1) as unseen_minutes,
    round(100 * unseen_minutes / sum(minutes), 1) as unseen_percent
from sessions_between(now() - interval 30 days, now())
where is_final
    and type <> 'breakout'
group by day
order by day;
