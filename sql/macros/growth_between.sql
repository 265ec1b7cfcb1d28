-- Grain: one row per session, local day or hour (bucket) of the period, and step of its running
-- total. Sum the rows of a bucket.
-- minutes_consumed is a running total, and usage is its growth. The growth of a step is spread
-- evenly over the step's time. It is cut at the ends of days or hours and at those of the period.
-- The parts of a session add up to its total to the last digit, since each is the difference of two
-- rounded running totals. Periods that meet share the total between them.
-- is_start marks the row in which the session started. is_unfinished marks the row with its last
-- reading if its final total is missing: what it consumed afterwards is not counted. Breakout rooms
-- have no final total of their own.
create or replace macro growth_between(since, until, tz, unit, with_finals) as table
with steps as (
    select
        * exclude (bucket),
        bucket as reading_bucket
    from growth_steps_between(since, until, tz, unit, with_finals)
    where to_at >= since
        and from_at < until
),

local_times as (
    select unnest(generate_series(
        date_trunc(unit, min(greatest(from_at, since)) at time zone tz),
        date_trunc(unit, max(least(to_at, until)) at time zone tz),
        cast('1 ' || unit as interval)
    )) as local_time
    from steps
),

-- Hours that clocks skip are left out: at their start, clocks show a later hour.
buckets as (
    select
        local_time as bucket,
        first_instant(local_time, tz) as starts_at,
        first_instant(local_time + cast('1 ' || unit as interval), tz) as ends_at
    from local_times
    where local_time = date_trunc(unit, starts_at at time zone tz)
),

parts as (
    select
        *,
        bucket = reading_bucket as has_reading,
        from_at = to_at as is_instant,
        greatest(from_at, starts_at, since) as part_from_at,
        least(to_at, ends_at, until) as part_to_at
    from steps
    join buckets
        on starts_at <= to_at
        and ends_at > from_at
),

-- The running total at both ends of a part.
totals as (
    select
        *,
        to_minutes - from_minutes as step_minutes,
        epoch_us(to_at) - epoch_us(from_at) as step_us,
        case
            when part_from_at <= from_at or is_instant then from_minutes
            else from_minutes + cast(
                step_minutes * ((epoch_us(part_from_at) - epoch_us(from_at)) / step_us)
                as decimal(18, 6)
            )
        end as part_from_minutes,
        case
            when part_to_at >= to_at then to_minutes
            else from_minutes + cast(
                step_minutes * ((epoch_us(part_to_at) - epoch_us(from_at)) / step_us)
                as decimal(18, 6)
            )
        end as part_to_minutes
    from parts
    where part_from_at < part_to_at
        or has_reading
        or (is_instant and from_at >= since and from_at < until)
)

select
    app_id,
    meeting_id,
    session_id,
    type,
    bucket,
    is_first and from_at >= part_from_at and (from_at < part_to_at or is_instant) as is_start,
    is_last and has_reading and type <> 'breakout' as is_unfinished,
    case
        when part_from_at < part_to_at or is_instant then part_to_minutes - part_from_minutes
        else 0
    end
    + case when has_reading then minutes_within_bucket else 0 end as minutes
from totals;
