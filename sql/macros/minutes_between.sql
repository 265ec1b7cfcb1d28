-- Grain: one row per session and local day or hour (bucket) in which it was under way.
-- minutes is the bucket's part of the session's total. How many minutes there are comes from the
-- total, and when they happened comes from presence: the participants that snapshots observed.
-- The parts of a session add up to its total to the last digit, since each is the difference of two
-- rounded running totals. Periods that meet share the total between them.
-- is_final marks the buckets of a session whose final total is known.
-- is_start marks the bucket in which the session started. is_live marks the last bucket of one that
-- was live at the end of the period, see live_at. is_unfinished marks the last bucket of one that
-- was not, and has no final total: what it consumed after its last snapshot is not counted.
-- Breakout rooms have no final total of their own, and neither mark.
create or replace macro minutes_between(since, until, tz, unit, with_finals := true) as table
-- A session lasts a microsecond at least, so that it lies in a bucket.
with session_totals as materialized (
    select
        row_number() over () as session_number,
        app_id,
        meeting_id,
        session_id,
        type,
        minutes,
        is_final,
        is_live,
        not is_final and not is_live and type <> 'breakout' as is_unfinished,
        started_at,
        greatest(last_live_at, started_at + interval 1 microsecond) as left_at,
        epoch_us(started_at) as start_us,
        epoch_us(left_at) as end_us
    from sessions_between(since, until, with_finals)
),

bounded_sessions as materialized (
    select
        *,
        local_bucket(start_us // 900_000_000, tz, unit) as first_bucket,
        local_bucket((end_us - 1) // 900_000_000, tz, unit) as last_bucket,
        first_bucket <> last_bucket or started_at < since or left_at > until as is_cut
    from session_totals
),

-- A session that lies in one bucket of the period needs no placing, and most days are such buckets.
cut_sessions as materialized (
    select
        *,
        local_bucket((epoch_us(least(left_at, until)) - 1) // 900_000_000, tz, unit)
            as last_bucket_within
    from bounded_sessions
    where is_cut
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
        least(to_us, end_us) as to_us
    from stretches
    join cut_sessions using (session_number)
),

-- The time before the period, the period, and the time after it.
limits as (
    select
        timestamptz '0001-01-01 00:00:00+00' as first_limit,
        timestamptz '9999-12-31 00:00:00+00' as last_limit,
        greatest(since, first_limit) as since_limit,
        least(until, last_limit) as until_limit
),

times as (
    select
        unnest([-1, 0, 1]) as time_number,
        epoch_us(unnest([first_limit, since_limit, until_limit])) as time_start_us,
        epoch_us(unnest([since_limit, until_limit, last_limit])) as time_end_us
    from limits
),

-- Stretches are cut at the ends of the period, and within it at quarters of an hour.
stretch_times as (
    select
        clipped_stretches.*,
        time_number,
        greatest(from_us, time_start_us) as time_from_us,
        least(to_us, time_end_us) as time_to_us
    from clipped_stretches
    cross join times
    where time_from_us < time_to_us
),

stretch_quarter_hours as (
    select
        *,
        unnest(range(
            time_from_us // 900_000_000,
            case when time_number = 0 then time_to_us - 1 else time_from_us end // 900_000_000 + 1
        )) as quarter_hour
    from stretch_times
),

stretch_parts as (
    select
        *,
        to_us - from_us as stretch_us,
        greatest(900_000_000 * quarter_hour, time_from_us) - from_us as passed_before_us,
        case
            when time_number = 0 then least(900_000_000 * (quarter_hour + 1), time_to_us)
            else time_to_us
        end - from_us as passed_after_us
    from stretch_quarter_hours
),

-- Whole numbers add up exactly, in any order.
bucket_presence as (
    select
        session_number,
        time_number,
        case when time_number = 0 then local_bucket(quarter_hour, tz, unit) end as bucket,
        min(quarter_hour) as first_quarter_hour,
        sum(passed_after_us - passed_before_us) as elapsed_us,
        sum(
            presence_us(passed_after_us, from_participants, to_participants, stretch_us)
            - presence_us(passed_before_us, from_participants, to_participants, stretch_us)
        ) as present_us
    from stretch_parts
    group by all
),

-- Where snapshots observed nobody at all, the total is spread evenly.
weights as (
    select
        * exclude (elapsed_us, present_us),
        case when sum(present_us) over whole > 0 then present_us else elapsed_us end as weight
    from bucket_presence
    window whole as (partition by session_number)
),

shares as (
    select
        session_number,
        time_number,
        bucket,
        sum(weight) over by_time / sum(weight) over whole as share_after,
        (sum(weight) over by_time - weight) / sum(weight) over whole as share_before
    from weights
    window
        whole as (partition by session_number),
        by_time as (partition by session_number order by time_number, first_quarter_hour)
)

select
    app_id,
    meeting_id,
    session_id,
    type,
    first_bucket as bucket,
    true as is_start,
    is_final,
    is_live,
    is_unfinished,
    minutes
from bounded_sessions
anti join cut_sessions using (session_number)

union all

select
    app_id,
    meeting_id,
    session_id,
    type,
    bucket,
    bucket = first_bucket and started_at >= since as is_start,
    is_final,
    is_live and bucket = last_bucket_within as is_live,
    bucket = last_bucket and left_at <= until and is_unfinished as is_unfinished,
    cast(minutes * share_after as decimal(18, 6))
    - cast(minutes * share_before as decimal(18, 6)) as minutes
from shares
join cut_sessions using (session_number)
where time_number = 0;
