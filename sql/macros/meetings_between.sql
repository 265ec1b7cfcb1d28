-- grain: a meeting that had a session under way in the period, with its newest title
-- Peaks are those of sessions of the type meeting. Breakout rooms are not looked at: they have
-- titles of their own, and are open within their parent's time.
create or replace macro meetings_between(since, until) as table
with reported as (
    select
        app_id,
        meeting_id,
        type,
        meeting_display_name,
        max_concurrent_participants,
        observed_at as live_at
    from session_snapshots
    where observed_at >= since
        and (started_at < until or observed_at < until)

    union all

    select
        app_id,
        meeting_id,
        type,
        meeting_display_name,
        max_concurrent_participants,
        coalesce(ended_at, updated_at, started_at) as live_at
    from session_finals
    where status = 'ENDED'
        and started_at < until
        and greatest(coalesce(ended_at, updated_at, started_at), started_at) >= since
)

select
    app_id,
    meeting_id,
    arg_max(meeting_display_name, live_at) as meeting_display_name,
    max(max_concurrent_participants) filter (where type = 'meeting') as peak_participants,
    max(live_at) as last_live_at
from reported
group by app_id, meeting_id;
