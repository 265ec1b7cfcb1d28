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
    where is_observed
        and ($app_id is null or app_id = $app_id)
    group by slot
),

seen as (
    select
        date_trunc('hour', slot at time zone $tz) as hour_at,
        count(*) as snapshots,
        sum(participants) as participants,
        max(participants) as peak_participants
    from slots
    group by hour_at
),

-- How often each hour of the week came between the first and the last snapshot of the period.
reach as (
    select
        unnest(generate_series(date_trunc('hour', min(slot)), max(slot), interval 1 hour))
            at time zone $tz as hour_at
    from slots
),

times as (
    select isodow(hour_at) as weekday, hour(hour_at) as hour, count(*) as times
    from reach
    group by weekday, hour
),

hours as (
    select
        isodow(hour_at) as weekday,
        hour(hour_at) as hour,
        coalesce(sum(minutes), 0) as minutes,
        coalesce(sum(other_minutes), 0) as other_minutes,
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        cast(max(peak_participants) as bigint) as peak_participants,
        cast(sum(participants) as double) / sum(snapshots) as mean_participants
    from growth
    full join seen using (hour_at)
    group by weekday, hour
),

week as (
    select
        unnest(range(1, 8)) as weekday,
        unnest([
            'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'
        ]) as day
),

clock as (
    select unnest(range(24)) as hour
)

select
    week.day,
    clock.hour,
    hours.minutes,
    hours.minutes / greatest(times.times, 1) as mean_minutes,
    hours.sessions,
    hours.peak_participants,
    hours.mean_participants,
    hours.other_minutes
from week
cross join clock
left join hours using (weekday, hour)
left join times using (weekday, hour)
order by weekday, hour;
