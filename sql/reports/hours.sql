-- Minutes and participants per hour of the week, to see when it is busy
-- Grain: one row per hour of the week in the time zone $tz, 168 rows.
-- Empty is not zero: no snapshot of the period fell into such an hour, and no session grew in it.
-- started_sessions counts the sessions that started in the hour, not those under way in it.
-- Main columns: hour, minutes, peak_participants, mean_participants
-- Total row: minutes, started_sessions
with usage as (
    select
        bucket as local_hour,
        sum(minutes) filter (where type = 'meeting') as minutes,
        sum(minutes) filter (where type <> 'meeting') as other_minutes,
        count(*) filter (where is_start and type = 'meeting') as started_sessions
    from minutes_between($since, $until, $tz, 'hour')
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

slot_hours as (
    select
        date_trunc('hour', slot at time zone $tz) as local_hour,
        count(*) as snapshots,
        sum(participants) as participants,
        max(participants) as peak_participants
    from slots
    group by local_hour
),

hours_with_data as (
    select first_instant(local_hour, $tz) as starts_at from usage
    union
    select first_instant(local_hour, $tz) as starts_at from slot_hours
),

next_hours as (
    select starts_at, lead(starts_at) over (order by starts_at) as next_starts_at
    from hours_with_data
),

-- Every hour from the first to the last one with data, without gaps of more than 366 days.
elapsed_hours as (
    select starts_at at time zone $tz as local_hour
    from hours_with_data

    union all

    select unnest(steps_between(starts_at, next_starts_at, interval 1 hour)) at time zone $tz
        as local_hour
    from next_hours
),

occurrences as (
    select isodow(local_hour) as weekday, hour(local_hour) as hour, count(*) as occurrences
    from elapsed_hours
    group by weekday, hour
),

week_hours as (
    select
        isodow(local_hour) as weekday,
        hour(local_hour) as hour,
        coalesce(sum(minutes), 0) as minutes,
        coalesce(sum(other_minutes), 0) as other_minutes,
        cast(coalesce(sum(started_sessions), 0) as bigint) as started_sessions,
        cast(max(peak_participants) as bigint) as peak_participants,
        cast(sum(participants) as double) / sum(snapshots) as mean_participants
    from usage
    full join slot_hours using (local_hour)
    group by weekday, hour
),

weekdays as (
    select
        unnest(range(1, 8)) as weekday,
        unnest([
            'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'
        ]) as day
),

hours as (
    select unnest(range(24)) as hour
)

select
    weekdays.day,
    hours.hour,
    week_hours.minutes,
    week_hours.minutes / greatest(occurrences.occurrences, 1) as mean_minutes,
    week_hours.started_sessions,
    week_hours.peak_participants,
    week_hours.mean_participants,
    week_hours.other_minutes
from weekdays
cross join hours
left join week_hours using (weekday, hour)
left join occurrences using (weekday, hour)
order by weekday, hour;
