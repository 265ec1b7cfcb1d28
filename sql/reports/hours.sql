-- Minutes by hour of the week, to see when it is busy
-- grain: an hour of the week in the zone $tz, 168 of them; empty where no snapshot fell into it
-- and nothing is known to have grown, which is not zero
with growth as (
    select
        bucket as hour_at,
        sum(minutes) filter (where type = 'meeting') as minutes,
        sum(minutes) filter (where type <> 'meeting') as other_minutes,
        count(*) filter (where is_start and type = 'meeting') as sessions
    from growth_between($since, $until, $tz, 'hour', true)
    where $app_id is null
        or app_id = $app_id
    group by bucket
),

slots as (
    select slot, sum(participants) as participants
    from concurrency_between($since, $until)
    where is_loaded
        and ($app_id is null or app_id = $app_id)
    group by slot
),

seen as (
    select date_trunc('hour', slot at time zone $tz) as hour_at, max(participants) as participants
    from slots
    group by hour_at
),

hours as (
    select
        isodow(hour_at) as weekday,
        hour(hour_at) as hour,
        sum(minutes) as minutes,
        sum(other_minutes) as other_minutes,
        sum(sessions) as sessions,
        max(participants) as peak_participants,
        count(*) as seen_hours
    from growth
    full join seen using (hour_at)
    group by weekday, hour
),

week as (
    select
        unnest(range(1, 8)) as weekday,
        unnest(['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) as day
),

clock as (
    select unnest(range(24)) as hour
)

select
    week.day,
    clock.hour,
    case when seen_hours > 0 then coalesce(minutes, 0) end as minutes,
    case when seen_hours > 0 then coalesce(minutes, 0) / seen_hours end as mean_minutes,
    cast(case when seen_hours > 0 then coalesce(sessions, 0) end as bigint) as sessions,
    cast(peak_participants as bigint) as peak_participants,
    case when seen_hours > 0 then coalesce(other_minutes, 0) end as other_minutes,
    coalesce(seen_hours, 0) as seen_hours
from week
cross join clock
left join hours using (weekday, hour)
order by weekday, hour;
