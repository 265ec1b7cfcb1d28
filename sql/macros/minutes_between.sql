-- Grain: one row per session and local day or hour (bucket) in which it was under way.
-- minutes is the bucket's part of the session's total. How many minutes there are comes from the
-- total, and when they happened comes from presence: the participants that snapshots observed.
-- The parts of a session add up to its total to the last digit, since each is the difference of two
-- rounded running totals. Periods that meet share the total between them.
-- is_start marks the bucket in which the session started. is_unfinished marks the bucket of its
-- last snapshot if its final total is missing: what it consumed afterwards is not counted. Breakout
-- rooms have no final total of their own.
create or replace macro minutes_between(since, until, tz, unit, with_finals := true) as table
-- A session ends with its final figures, else with its last reading. It lasts a microsecond at
-- least, so that it lies in a bucket.
with session_totals as materialized (
    select
        row_number() over () as session_number,
        app_id,
        meeting_id,
        session_id,
        type,
        minutes,
        is_final,
        started_at,
        greatest(coalesce(ended_at, last_observed_at), started_at + interval 1 microsecond)
            as left_at,
        epoch_us(started_at) as start_us,
        epoch_us(left_at) as end_us,
        epoch_us(greatest(since, timestamptz '0001-01-01 00:00:00+00')) as since_us,
        epoch_us(least(until, timestamptz '9999-12-31 00:00:00+00')) as until_us
    from sessions_between(since, until, with_finals)
),

-- Only days (UTC) with a session are listed, however far apart they are.
spans as (
    select distinct
        greatest(start_us, since_us) // 86_400_000_000 as first_day,
        least(end_us, until_us) // 86_400_000_000 as last_day
    from session_totals
),

days as (
    select distinct unnest(range(first_day, last_day + 1)) as day
    from spans
),

local_times as (
    select distinct unnest(generate_series(
        date_trunc(unit, to_timestamp(86_400 * day) at time zone tz),
        to_timestamp(86_400 * (day + 1)) at time zone tz,
        cast('1 ' || unit as interval)
    )) as bucket
    from days
),

-- The buckets are cut at the ends of the period. Hours that clocks skip are left out: at their
-- start, clocks show a later hour.
period_buckets as materialized (
    select
        row_number() over (order by first_instant(bucket, tz)) as number,
        bucket,
        epoch_us(greatest(first_instant(bucket, tz), since)) as start_us,
        epoch_us(least(first_instant(bucket + cast('1 ' || unit as interval), tz), until)) as end_us
    from local_times
    where bucket = date_trunc(unit, first_instant(bucket, tz) at time zone tz)
        and first_instant(bucket, tz) < until
        and first_instant(bucket + cast('1 ' || unit as interval), tz) > since
),

-- The time before the period is the first bucket, and the time after it is the last one.
buckets as materialized (
    select number, bucket, start_us, end_us
    from period_buckets

    union all

    select 0, null, -9_000_000_000_000_000_000, min(since_us)
    from session_totals

    union all

    select
        (select count(*) + 1 from period_buckets),
        null,
        min(until_us),
        9_000_000_000_000_000_000
    from session_totals
),

-- Time zones differ from UTC by whole quarters of an hour. To find the buckets of quarters is fast,
-- and to compare instants with the ends of all buckets is not.
quarter_hours as (
    select start_us // 900_000_000 as quarter_hour
    from session_totals

    union

    select end_us // 900_000_000
    from session_totals

    union

    select epoch_us(observed_at) // 900_000_000
    from session_snapshots
    where observed_at >= since
        and observed_at < until

    union

    select unnest([min(since_us) - 1, min(until_us)]) // 900_000_000
    from session_totals
),

-- A quarter of an hour in which the period starts or ends lies in two buckets.
quarter_hour_buckets as materialized (
    select
        quarter_hour,
        case
            when 900_000_000 * quarter_hour < since_us then 0
            else coalesce(number, last_number)
        end as first_number,
        case
            when 900_000_000 * (quarter_hour + 1) > until_us then last_number
            else coalesce(number, 0)
        end as end_number
    from quarter_hours
    left join period_buckets
        on bucket = date_trunc(unit, to_timestamp(900 * quarter_hour) at time zone tz)
    cross join (
        select max(number) as last_number, min(end_us) as since_us, max(start_us) as until_us
        from buckets
    )
),

bounded_sessions as materialized (
    select
        session_totals.*,
        first_buckets.first_number,
        last_buckets.end_number as last_number
    from session_totals
    join quarter_hour_buckets as first_buckets
        on first_buckets.quarter_hour = start_us // 900_000_000
    join quarter_hour_buckets as last_buckets
        on last_buckets.quarter_hour = end_us // 900_000_000
),

-- Most sessions lie in one day of the period. Their total is the day's, whoever was there when.
whole_sessions as (
    select bounded_sessions.*, bucket
    from bounded_sessions
    join buckets on number = first_number
    where first_number = last_number
        and bucket is not null
),

cut_sessions as materialized (
    select *
    from bounded_sessions
    anti join whole_sessions using (session_number)
),

cut_session_ids as (
    select session_number, app_id, session_id, started_at as session_started_at
    from cut_sessions
),

earlier_session_ids as (
    select *
    from cut_session_ids
    where session_started_at < since
),

earlier_readings as (
    select app_id, session_id, reported_at, live_participants
    from session_and_breakout_readings
    semi join earlier_session_ids using (app_id, session_id)
    where source = 'snapshot'
        and reported_at < since
        and reported_at >= (select min(session_started_at) from earlier_session_ids)
),

readings as (
    select session_number, reported_at, live_participants
    from session_and_breakout_readings
    join cut_session_ids using (app_id, session_id)
    where source = 'snapshot'
        and reported_at >= since
        and (reported_at < until or started_at < until)

    union all

    select session_number, reported_at, live_participants
    from earlier_readings
    join earlier_session_ids using (app_id, session_id)
),

-- Aggregate first, then put in order: fewer rows are sorted.
presence as (
    select
        session_number,
        epoch_us(reported_at) // 900_000_000 as quarter_hour,
        epoch_us(min(reported_at)) as first_us,
        epoch_us(max(reported_at)) as last_us,
        arg_min(live_participants, reported_at) as first_participants,
        arg_max(live_participants, reported_at) as last_participants,
        sum(live_participants) as participants,
        count(*) as readings
    from readings
    where live_participants is not null
    group by session_number, quarter_hour
),

ordered_presence as (
    select
        *,
        (participants - (first_participants + last_participants) / 2) / (readings - 1)
            as mean_participants,
        lag(last_us) over by_time as previous_us,
        lead(first_us) over by_time as next_us,
        lead(first_participants) over by_time as next_participants
    from presence
    window by_time as (partition by session_number order by quarter_hour)
),

-- The time of a session in stretches: before its first reading, within a quarter of an hour, from
-- there to the next reading, after its last reading. A session without a reading is one stretch.
stretches as (
    select
        session_number,
        null as from_us,
        first_us as to_us,
        first_participants as from_participants,
        first_participants as to_participants
    from ordered_presence
    where previous_us is null

    union all

    select session_number, first_us, last_us, mean_participants, mean_participants
    from ordered_presence
    where first_us < last_us

    union all

    select
        session_number,
        last_us,
        next_us,
        last_participants,
        coalesce(next_participants, last_participants)
    from ordered_presence

    union all

    select session_number, null, null, 1, 1
    from cut_sessions
    anti join presence using (session_number)
),

-- Clocks differ: a session may be observed before its start or after its end.
clipped_stretches as (
    select
        stretches.* exclude (from_us, to_us),
        greatest(from_us, start_us) as from_us,
        least(to_us, end_us) as to_us,
        since_us,
        until_us
    from stretches
    join cut_sessions using (session_number)
),

bounded_stretches as (
    select
        *,
        least(greatest(from_us, since_us - 1), until_us) // 900_000_000 as from_quarter_hour,
        least(greatest(to_us, since_us - 1), until_us) // 900_000_000 as to_quarter_hour
    from clipped_stretches
    where from_us < to_us
),

stretch_buckets as (
    select
        bounded_stretches.*,
        unnest(range(first_buckets.first_number, last_buckets.end_number + 1)) as number
    from bounded_stretches
    join quarter_hour_buckets as first_buckets
        on first_buckets.quarter_hour = from_quarter_hour
    join quarter_hour_buckets as last_buckets
        on last_buckets.quarter_hour = to_quarter_hour
),

stretch_parts as (
    select
        session_number,
        number,
        from_participants,
        to_participants,
        to_us - from_us as stretch_us,
        greatest(buckets.start_us - from_us, 0) as part_from_us,
        least(buckets.end_us - from_us, stretch_us) as part_to_us
    from stretch_buckets
    join buckets using (number)
    where buckets.start_us < to_us
        and buckets.end_us > from_us
),

-- Whole numbers add up exactly, in any order.
bucket_presence as (
    select
        session_number,
        number,
        sum(part_to_us - part_from_us) as elapsed_us,
        sum(
            presence_us(part_to_us, from_participants, to_participants, stretch_us)
            - presence_us(part_from_us, from_participants, to_participants, stretch_us)
        ) as present_us
    from stretch_parts
    group by session_number, number
),

-- Where snapshots observed nobody at all, the total is spread evenly.
weights as (
    select
        session_number,
        number,
        case when sum(present_us) over whole > 0 then present_us else elapsed_us end as weight
    from bucket_presence
    window whole as (partition by session_number)
),

shares as (
    select
        session_number,
        number,
        sum(weight) over by_time / sum(weight) over whole as share_after,
        (sum(weight) over by_time - weight) / sum(weight) over whole as share_before
    from weights
    window
        whole as (partition by session_number),
        by_time as (partition by session_number order by number)
)

select
    app_id,
    meeting_id,
    session_id,
    type,
    bucket,
    true as is_start,
    not is_final and type <> 'breakout' as is_unfinished,
    minutes
from whole_sessions

union all

select
    app_id,
    meeting_id,
    session_id,
    type,
    bucket,
    cut_sessions.start_us between buckets.start_us and buckets.end_us - 1 as is_start,
    cut_sessions.end_us between buckets.start_us + 1 and buckets.end_us
    and not is_final
    and type <> 'breakout' as is_unfinished,
    cast(minutes * share_after as decimal(18, 6))
    - cast(minutes * share_before as decimal(18, 6)) as minutes
from shares
join cut_sessions using (session_number)
join buckets using (number)
where bucket is not null;
