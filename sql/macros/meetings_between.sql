-- Grain: one row per meeting with a session under way in the period.
-- The title and the most participants are those known by the end of the period. A meeting that was
-- not read in the period has those of its first later reading. peak_participants is that of
-- sessions of the type meeting. last_live_at is not later than the period's end. Breakout rooms
-- are left out: they have titles of their own, and are open within their parent's time.
create or replace macro meetings_between(since, until) as table
with readings as (
    select
        app_id,
        meeting_id,
        type,
        meeting_display_name,
        max_concurrent_participants,
        reported_at as live_at,
        reported_at < until as is_within_period
    from session_readings
    where source = 'snapshot'
        and reported_at >= since
        and started_at < until

    union all

    select
        app_id,
        meeting_id,
        type,
        meeting_display_name,
        max_concurrent_participants,
        coalesce(ended_at, earliest_end_at(
            started_at, minutes_consumed, max_concurrent_participants, reported_at
        )) as live_at,
        live_at <= until as is_within_period
    from session_readings
    where source = 'final'
        and started_at < until
        and greatest(live_at, started_at) >= since
)

select
    app_id,
    meeting_id,
    coalesce(
        arg_max(meeting_display_name, live_at) filter (where is_within_period),
        arg_min(meeting_display_name, live_at)
    ) as meeting_display_name,
    coalesce(
        max(max_concurrent_participants) filter (where is_within_period and type = 'meeting'),
        min(max_concurrent_participants) filter (where type = 'meeting')
    ) as peak_participants,
    max(least(live_at, until)) as last_live_at
from readings
group by app_id, meeting_id;
