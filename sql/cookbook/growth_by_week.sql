-- How did usage grow from week to week?
-- Grain: one row per week (Monday to Sunday, UTC) of the last twelve with any usage.
-- The current week is not over yet.
-- Theme: How much
with weeks as (
    select
        date_trunc('week', bucket) as week,
        sum(minutes) as minutes,
        count(*) filter (where is_start) as sessions
    from minutes_between(
        (date_trunc('week', now() at time zone 'UTC') - interval 11 weeks) at time zone 'UTC',
        now(),
        'UTC', 'day', true
    )
    where type = 'meeting'
    group by date_trunc('week', bucket)
)

select
    cast(week as date) as week,
    round(minutes, 1) as minutes,
    sessions,
    round(100 * (minutes / lag(minutes) over (order by week) - 1), 1) as growth_percent
from weeks
order by week;
