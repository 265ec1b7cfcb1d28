-- How many minutes a day, and on average over seven days?
-- grain: a day (UTC) of the last 30 in which there were any; the first six averages are of fewer days
with days as (
    select bucket as day, sum(minutes) as minutes
    from growth_between(
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
    round(avg(minutes) over (order by day range between interval 6 days preceding and current row), 1) as seven_day_minutes
from days
order by day;
