-- grain: a session under way at any time of the period, as best known: its final figures, or else those last observed
-- minutes is the whole session's running total, in the period or not; growth_between tells a period's part of it.
-- snapshots counts those since the period's start.
create or replace macro sessions_between(since, until) as table
with observed as (
    select
        app_id,
        session_id,
        min(meeting_id) as meeting_id,
        arg_max(meeting_display_name, reported_at) as meeting_display_name,
        min(type) as type,
        min(started_at) as started_at,
        max(reported_at) as last_observed_at,
        max(max_concurrent_participants) as max_participants,
        arg_max(minutes_consumed, reported_at) as minutes,
        count(*) as snapshots
    from session_and_breakout_readings
    where source = 'snapshot'
        and (started_at < until or reported_at < until)
        and reported_at >= since
    group by app_id, session_id
),

ended as (
    select
        app_id,
        session_id,
        arg_max(meeting_id, reported_at) as meeting_id,
        arg_max(meeting_display_name, reported_at) as meeting_display_name,
        arg_max(type, reported_at) as type,
        arg_max(started_at, reported_at) as started_at,
        arg_max(ended_at, reported_at) as ended_at,
        arg_max(max_concurrent_participants, reported_at) as max_participants,
        arg_max(minutes_consumed, reported_at) as minutes
    from session_and_breakout_readings
    where source = 'final'
        and started_at < until + interval 1 hour
        and greatest(ended_at, started_at) >= since - interval 24 hours
    group by app_id, session_id
)

select
    app_id,
    coalesce(ended.meeting_id, observed.meeting_id) as meeting_id,
    session_id,
    coalesce(ended.meeting_display_name, observed.meeting_display_name) as meeting_display_name,
    coalesce(ended.type, observed.type) as type,
    least(ended.started_at, observed.started_at) as started_at,
    ended.ended_at,
    observed.last_observed_at,
    coalesce(observed.snapshots, 0) as snapshots,
    greatest(ended.max_participants, observed.max_participants) as max_participants,
    cast(coalesce(ended.minutes, observed.minutes) as decimal(18, 6)) as minutes,
    ended.session_id is not null as is_final
from observed
full join ended using (app_id, session_id)
where observed.session_id is not null
    or (ended.started_at < until and greatest(ended.ended_at, ended.started_at) >= since);
