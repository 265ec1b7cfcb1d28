-- Grain: one row per session or breakout room that was under way at any time of the period.
-- Its figures are its final ones where they are known, else those observed last.
-- minutes is the total of the whole session; minutes_between has the part that falls into a period.
-- The title and the most participants are those known by the end of the period. A session that was
-- first read after the period has those of that reading. snapshots counts the snapshots of the
-- period. Without finals, the final figures that reconcile has fetched are left out.
-- is_live marks the sessions of live_at(until) that a snapshot observed since the period began.
-- A breakout room has no such mark of its own.
-- A session is under way from its start to last_live_at: its end, else its last snapshot. If its
-- final figures have no end, it is the later one of its last snapshot and its earliest end.
-- Clocks differ: a session may be observed up to an hour before its start.
create or replace macro sessions_between(since, until, with_finals := true) as table
with observed as (
    select
        app_id,
        session_id,
        min(meeting_id) as meeting_id,
        coalesce(
            arg_max(meeting_display_name, reported_at) filter (where reported_at < until),
            arg_min(meeting_display_name, reported_at)
        ) as meeting_display_name,
        min(type) as type,
        min(started_at) as started_at,
        max(reported_at) as last_observed_at,
        coalesce(
            max(max_concurrent_participants) filter (where reported_at < until),
            min(max_concurrent_participants)
        ) as max_concurrent_participants,
        arg_max(minutes_consumed, reported_at) as minutes_consumed,
        count(*) filter (where reported_at >= since and reported_at < until) as snapshots
    from session_and_breakout_readings
    where source = 'snapshot'
        and reported_at >= since - interval 1 hour
        and started_at < until
    group by app_id, session_id
),

ended as (
    select
        *,
        case
            when ended_at is null then earliest_end_at(
                started_at, minutes_consumed, max_concurrent_participants, fetched_at
            )
        end as earliest_end_at,
        coalesce(ended_at, earliest_end_at) <= until as is_within_period
    from finals_between(since, until)
    where with_finals
),

merged as (
    select
        app_id,
        coalesce(ended.meeting_id, observed.meeting_id) as meeting_id,
        session_id,
        coalesce(
            case when is_within_period then ended.meeting_display_name end,
            observed.meeting_display_name,
            ended.meeting_display_name
        ) as meeting_display_name,
        coalesce(ended.type, observed.type) as type,
        least(ended.started_at, observed.started_at) as started_at,
        ended.ended_at,
        observed.last_observed_at,
        coalesce(ended.ended_at, greatest(observed.last_observed_at, ended.earliest_end_at))
            as last_live_at,
        coalesce(observed.snapshots, 0) as snapshots,
        coalesce(
            greatest(
                case when is_within_period then ended.max_concurrent_participants end,
                observed.max_concurrent_participants
            ),
            ended.max_concurrent_participants
        ) as max_participants,
        cast(coalesce(ended.minutes_consumed, observed.minutes_consumed) as decimal(18, 6))
            as minutes,
        ended.session_id is not null as is_final
    from observed
    full join ended using (app_id, session_id)
),

live as (
    select app_id, session_id
    from live_at(until)
    where observed_at >= since
)

select merged.*, live.session_id is not null as is_live
from merged
left join live using (app_id, session_id)
where greatest(started_at, last_live_at) >= since;
