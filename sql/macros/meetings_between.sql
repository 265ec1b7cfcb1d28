-- Grain: one row per meeting with a session under way in the period, with its newest title.
-- peak_participants is that of sessions of the type meeting. Breakout rooms are left out: they have
-- titles of their own, and are open within their parent's time.
create or replace macro meetings_between(since, until) as table
with readings as (
    select
        app_id,
        meeting_id,
        type,
        meeting_display_name,
        max_concurrent_participants,
        reported_at as live_at
    from session_readings
    where source = 'snapshot'
        and reported_at >= since
        and (started_at < until or reported_at < until)

    union all

    select
        app_id,
        meeting_id,
        type,
        meeting_display_name,
        max_concurrent_participants,
        coalesce(ended_at, updated_at, started_at) as live_at
    from session_readings
    where source = 'final'
        and started_at < until
        and greatest(live_at, started_at) >= since
)

select
    app_id,
    meeting_id,
    arg_max(meeting_display_name, live_at) as meeting_display_name,
    max(max_concurrent_participants) filter (where type = 'meeting') as peak_participants,
    max(live_at) as last_live_at
from readings
group by app_id, meeting_id;
