-- Grain: one row per session and bucket (local day or hour) with its first and last reading in it,
-- and one row each for the last reading before the period, the first one after it, and the final
-- total. In those rows bucket is empty, and the first reading is also the last.
-- This is the first of three steps: growth_steps_between and growth_between follow.
-- The readings between the first and the last one of a bucket do not change the bucket's growth.
-- Outside the period, only the readings of sessions under way at its ends are read. So a report
-- costs what its period costs. Clocks differ: a session may be observed up to an hour before its
-- start, and up to a day after its end.
create or replace macro growth_readings_between(since, until, tz, unit, with_finals) as table
-- Time zones differ from UTC by whole quarters of an hour. To convert each quarter of an hour once
-- takes a third less CPU than to convert every reading.
with quarter_hours as (
    select distinct epoch_us(observed_at) // 900_000_000 as quarter_hour
    from session_snapshots
    where observed_at >= since
        and observed_at < until
),

quarter_hour_buckets as (
    select
        quarter_hour,
        date_trunc(unit, to_timestamp(900 * quarter_hour) at time zone tz) as bucket
    from quarter_hours
),

within_period as (
    select
        app_id,
        session_id,
        bucket,
        min(meeting_id) as meeting_id,
        any_value(type) as type,
        min(started_at) as started_at,
        min(reported_at) as first_at,
        max(reported_at) as last_at,
        arg_min(minutes_consumed, reported_at) as first_minutes,
        arg_max(minutes_consumed, reported_at) as last_minutes,
        false as is_final
    from session_and_breakout_readings
    join quarter_hour_buckets on quarter_hour = epoch_us(reported_at) // 900_000_000
    where source = 'snapshot'
        and reported_at >= since
        and reported_at < until
    group by app_id, session_id, bucket
),

first_after_period as (
    select
        app_id,
        session_id,
        min(meeting_id) as meeting_id,
        min(type) as type,
        min(started_at) as started_at,
        min(reported_at) as first_at,
        first_at as last_at,
        arg_min(minutes_consumed, reported_at) as first_minutes,
        first_minutes as last_minutes,
        false as is_final
    from session_and_breakout_readings
    where source = 'snapshot'
        and started_at < until + interval 1 hour
        and reported_at >= until
    group by app_id, session_id
),

final_totals as (
    select
        app_id,
        session_id,
        meeting_id,
        type,
        started_at,
        ended_at as first_at,
        first_at as last_at,
        minutes_consumed as first_minutes,
        first_minutes as last_minutes,
        true as is_final
    from finals_between(since, until)
    where with_finals
),

under_way_at_start as (
    select app_id, session_id, started_at from within_period
    where started_at < since + interval 1 hour
    union all
    select app_id, session_id, started_at from first_after_period
    where started_at < since + interval 1 hour
    union all
    select app_id, session_id, started_at from final_totals
    where started_at < since + interval 1 hour
),

last_before_period as (
    select
        app_id,
        session_id,
        min(meeting_id) as meeting_id,
        min(type) as type,
        min(started_at) as started_at,
        max(reported_at) as first_at,
        first_at as last_at,
        arg_max(minutes_consumed, reported_at) as first_minutes,
        first_minutes as last_minutes,
        false as is_final
    from session_and_breakout_readings
    semi join under_way_at_start using (app_id, session_id)
    where source = 'snapshot'
        and reported_at < since
        and reported_at >= (select min(started_at) - interval 1 hour from under_way_at_start)
    group by app_id, session_id
),

readings as (
    select * from within_period
    union all by name
    select * from last_before_period
    union all by name
    select * from first_after_period
    union all by name
    select * from final_totals
)

-- Decimals add up exactly, in any order. Doubles do not.
select
    app_id,
    meeting_id,
    session_id,
    type,
    started_at,
    bucket,
    is_final,
    first_at,
    last_at,
    cast(first_minutes as decimal(18, 6)) as first_minutes,
    cast(last_minutes as decimal(18, 6)) as last_minutes
from readings;
