-- How many minutes per day, and on average over seven days?
-- Grain: one row per day (UTC) of the last 30 with any minutes.
-- The first six averages are over fewer days.
-- Theme: How much
with days as (
    select bucket as day, sum(minutes) as minutes
    from minutes_between(
        (date_trunc('day', now() at time zone 'UTC') - interval 30 days) at time zone 'UTC',
        date_trunc('day', now() at time zone 'UTC') at time zone 'UTC',
        'UTC', 'day', true
    )
    where type = 'meeting'
    group by bucket
)

select
    cast(day as date) as day,
    round(minutes, 1) as minutes,
    round(avg(minutes) over seven_days, 1) as seven_day_minutes
from days
window seven_days as (order by day range between interval 6 days preceding and current row)
order by day;
