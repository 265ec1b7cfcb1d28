-- How did usage grow from month to month?
-- Grain: one row per month (UTC) of the last twelve with any usage.
-- The current month is not over yet.
-- Theme: How much
with months as (
    select
        date_trunc('month', bucket) as month,
        sum(minutes) as minutes,
        count(*) filter (where is_start) as sessions
    from minutes_between(
        (date_trunc('month', now() at time zone 'UTC') - interval 11 months) at time zone 'UTC',
        now(),
        'UTC', 'day', true
    )
    where type = 'meeting'
    group by date_trunc('month', bucket)
)

select
    cast(month as date) as month,
    round(minutes, 1) as minutes,
    sessions,
    round(100 * (minutes / lag(minutes) over (order by month) - 1), 1) as growth_percent
from months
order by month;
