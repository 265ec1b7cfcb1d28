-- Grain: one row per stretch of time with data before $until, without a gap of more than 366 days.
-- Data are the slots of snapshots and the starts of ended sessions. Only the first and the last
-- instant of a day can be at the end of such a gap.
with instants as (
    select slot as instant
    from runs
    where kind = 'snapshot'
        and slot < $until

    union all

    select started_at as instant
    from session_finals
    where started_at < $until
),

days as (
    select min(instant) as first_at, max(instant) as last_at
    from instants
    group by epoch_us(instant) // 86_400_000_000
),

ordered_days as (
    select
        *,
        coalesce(first_at - lag(last_at) over (order by first_at) > interval 366 days, true)
            as is_first
    from days
),

numbered_days as (
    select *, count(*) filter (where is_first) over (order by first_at) as stretch
    from ordered_days
)

select min(first_at) as first_at, max(last_at) as last_at
from numbered_days
group by stretch
order by first_at;
