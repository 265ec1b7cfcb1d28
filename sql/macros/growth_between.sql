-- grain: a session's growth within one local day ('day') or hour ('hour') of the period; several rows where it is pieced together
-- minutes_consumed is a running total: usage is what it grew by. Between two observations growth is spread evenly over
-- time; before the first one it began with 0 at the session's start, and the final total is reached at its end. The
-- pieces of a session add up to its total to the last digit, since each is the difference of two rounded totals
-- (millionths of a minute), and periods that meet share the one between them.
-- is_start marks the piece in which the session began, is_unfinished the one after which nothing is known of it: what it still
-- grew by is missing, until reconcile knows its final total (breakout rooms have none of their own). The cost is that of the period: what lies before and behind is
-- looked up for the sessions under way at its ends only. Clocks differ: a session may be seen
-- before it began, by less than an hour, or after it ended, by less than a day, and periods still add up.
-- What is known of a session has its place: 1 the last sight before the period, 2 first and last sight of each of its days
-- or hours, 3 the next one after it, 4 the final total.
create or replace macro growth_between(since, until, tz, unit, with_finals) as table
-- Zones differ from UTC by whole quarters of an hour: converting those of the period is thousands of times less work
-- than converting every row.
with calendar as materialized (
    select
        quarter,
        date_trunc(unit, to_timestamp(quarter * 900) at time zone tz) as bucket,
        first_instant(bucket, tz) as bucket_started_at,
        first_instant(bucket + cast('1 ' || unit as interval), tz) as bucket_ended_at
    from (
        select distinct epoch_us(observed_at) // 900_000_000 as quarter
        from session_snapshots
        where observed_at >= since
            and observed_at < until
    )
),

-- First and last of each day or hour; what lies between them within it needs no look.
observed as materialized (
    select
        2 as place,
        app_id,
        session_id,
        bucket,
        any_value(bucket_started_at) as bucket_started_at,
        any_value(bucket_ended_at) as bucket_ended_at,
        min(meeting_id) as meeting_id,
        any_value(type) as type,
        min(started_at) as started_at,
        min(reported_at) as first_at,
        max(reported_at) as last_at,
        cast(arg_min(minutes_consumed, reported_at) as decimal(18, 6)) as first_minutes,
        cast(arg_max(minutes_consumed, reported_at) as decimal(18, 6)) as last_minutes
    from session_and_breakout_readings
    join calendar on calendar.quarter = epoch_us(reported_at) // 900_000_000
    where source = 'snapshot'
        and reported_at >= since
        and reported_at < until
    group by app_id, session_id, bucket
),

-- The first sight, after the period, of sessions that had begun by its end.
later as materialized (
    select
        3 as place,
        app_id,
        session_id,
        min(meeting_id) as meeting_id,
        min(type) as type,
        min(started_at) as started_at,
        min(reported_at) as first_at,
        cast(arg_min(minutes_consumed, reported_at) as decimal(18, 6)) as first_minutes
    from session_and_breakout_readings
    where source = 'snapshot'
        and started_at < until + interval 1 hour
        and reported_at >= until
    group by app_id, session_id
),

ended as materialized (
    select
        4 as place,
        app_id,
        session_id,
        arg_max(meeting_id, reported_at) as meeting_id,
        arg_max(type, reported_at) as type,
        arg_max(started_at, reported_at) as started_at,
        arg_max(ended_at, reported_at) as first_at,
        cast(arg_max(minutes_consumed, reported_at) as decimal(18, 6)) as first_minutes
    from session_and_breakout_readings
    where source = 'final'
        and with_finals
        and reported_at >= since - interval 24 hours
        and started_at < until + interval 1 hour
        and greatest(ended_at, started_at) >= since - interval 24 hours
    group by app_id, session_id
),

under_way_at_start as materialized (
    select app_id, session_id, started_at from observed where started_at < since + interval 1 hour
    union all
    select app_id, session_id, started_at from later where started_at < since + interval 1 hour
    union all
    select app_id, session_id, started_at from ended where started_at < since + interval 1 hour
),

-- Their last sight before the period.
earlier as (
    select
        1 as place,
        app_id,
        session_id,
        min(meeting_id) as meeting_id,
        min(type) as type,
        min(started_at) as started_at,
        max(reported_at) as first_at,
        cast(arg_max(minutes_consumed, reported_at) as decimal(18, 6)) as first_minutes
    from session_and_breakout_readings
    semi join under_way_at_start using (app_id, session_id)
    where source = 'snapshot'
        and reported_at < since
        and reported_at >= (select min(started_at) - interval 1 hour from under_way_at_start)
    group by app_id, session_id
),

-- Sessions of which more is known than one day or hour of the period, and perhaps a final total. Only those have to be
-- put in order, which is most of the work.
linked as materialized (
    select app_id, session_id from observed group by app_id, session_id having count(*) > 1
    union
    select app_id, session_id from under_way_at_start
    union
    select app_id, session_id from later
),

known as (
    select * from observed semi join linked using (app_id, session_id)
    union all by name
    select *, first_at as last_at, first_minutes as last_minutes from earlier
    union all by name
    select *, first_at as last_at, first_minutes as last_minutes from later
    union all by name
    select *, first_at as last_at, first_minutes as last_minutes from ended semi join linked using (app_id, session_id)
),

alone as materialized (
    select * from observed anti join linked using (app_id, session_id)
),

chained as (
    select
        *,
        lag(last_at) over in_order as previous_at,
        lag(last_minutes) over in_order as previous_minutes,
        lag(bucket) over in_order as previous_bucket,
        lag(bucket_ended_at) over in_order as previous_bucket_ended_at,
        place = 2 and lead(place) over in_order is null as is_last
    from known
    window in_order as (partition by app_id, session_id order by place, first_at)

    union all by name

    select alone.*, ended.session_id is null as is_last
    from alone
    left join ended using (app_id, session_id)

    union all by name

    select
        ended.*,
        alone.last_at as previous_at,
        alone.last_minutes as previous_minutes,
        alone.bucket as previous_bucket,
        alone.bucket_ended_at as previous_bucket_ended_at,
        false as is_last
    from ended
    left join alone using (app_id, session_id)
    anti join linked using (app_id, session_id)
),

-- From what was known before to what is known next. Clocks differ: no step goes back in time.
steps as (
    select
        *,
        previous_at is null as is_first,
        case place when 4 then coalesce(previous_at, started_at) else least(coalesce(previous_at, started_at), first_at) end as from_at,
        case place when 4 then greatest(first_at, coalesce(previous_at, started_at)) else first_at end as to_at,
        coalesce(previous_minutes, 0) as from_minutes,
        first_minutes as to_minutes,
        case place when 2 then last_minutes - first_minutes else 0 end as grown_within
    from chained
),

-- A step within one bucket of the period is whole; others are cut at midnights or full hours, and at the period's ends.
divided as (
    select
        *,
        case
            when place = 2 and from_at >= bucket_started_at then bucket
            when place = 4 and to_at < previous_bucket_ended_at then previous_bucket
        end as whole_bucket,
        whole_bucket is null or from_at < since or to_at >= until as is_cut,
        unnest(case
            when is_cut then generate_series(
                date_trunc(unit, greatest(from_at, since) at time zone tz),
                date_trunc(unit, least(to_at, until) at time zone tz),
                cast('1 ' || unit as interval)
            )
            else [whole_bucket]
        end) as piece_bucket
    from steps
    where to_at >= since
        and from_at < until
),

bounded as (
    select
        *,
        case when is_cut then piece_bucket end as cut_bucket,
        greatest(from_at, since, first_instant(cut_bucket, tz)) as piece_from,
        least(to_at, until, first_instant(cut_bucket + cast('1 ' || unit as interval), tz)) as piece_to
    from divided
    where not is_cut
        or piece_bucket = bucket
        or piece_bucket = date_trunc(unit, first_instant(piece_bucket, tz) at time zone tz)
),

-- The running total at both ends of a piece.
totalled as (
    select
        *,
        to_minutes - from_minutes as grown,
        epoch_us(to_at) - epoch_us(from_at) as step_us,
        case
            when piece_from <= from_at or from_at = to_at then from_minutes
            else from_minutes + cast(grown * ((epoch_us(piece_from) - epoch_us(from_at)) / step_us) as decimal(18, 6))
        end as piece_from_minutes,
        case
            when piece_to >= to_at then to_minutes
            else from_minutes + cast(grown * ((epoch_us(piece_to) - epoch_us(from_at)) / step_us) as decimal(18, 6))
        end as piece_to_minutes
    from bounded
)

select
    app_id,
    meeting_id,
    session_id,
    type,
    piece_bucket as bucket,
    is_first and (not is_cut or (from_at >= piece_from and (from_at < piece_to or from_at = to_at))) as is_start,
    is_last and bucket = piece_bucket and type <> 'breakout' as is_unfinished,
    case
        when not is_cut then grown
        when piece_from < piece_to or from_at = to_at then piece_to_minutes - piece_from_minutes
        else 0
    end
    + case when bucket = piece_bucket then grown_within else 0 end as minutes
from totalled
where not is_cut
    or bucket = piece_bucket
    or piece_from < piece_to
    or (from_at = to_at and from_at >= since and from_at < until);
