-- Grain: one row per session or breakout room that was under way at any time of the period.
-- Its figures are its final ones where they are known, else those observed last.
-- minutes is the total of the whole session; growth_between has the part that falls into a period.
-- snapshots counts the snapshots since the period's start.
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
        max(max_concurrent_participants) as max_concurrent_participants,
        arg_max(minutes_consumed, reported_at) as minutes_consumed,
        count(*) as snapshots
    from session_and_breakout_readings
    where source = 'snapshot'
        and (started_at < until or reported_at < until)
        and reported_at >= since
    group by app_id, session_id
),

ended as (
    select *
    from finals_between(since, until)
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
    greatest(
        ended.max_concurrent_participants,
        observed.max_concurrent_participants
    ) as max_participants,
    cast(coalesce(ended.minutes_consumed, observed.minutes_consumed) as decimal(18, 6)) as minutes,
    ended.session_id is not null as is_final
from observed
full join ended using (app_id, session_id)
where observed.session_id is not null
    or (ended.started_at < until and greatest(ended.ended_at, ended.started_at) >= since);
