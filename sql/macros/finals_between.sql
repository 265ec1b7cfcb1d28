-- Grain: one row per ended session or breakout room that was under way in the period.
-- Its figures are those of its newest fetch. Clocks differ: a session may be observed up to a day
-- after its end. So sessions that ended up to a day before the period are included.
-- ended_at is empty if the API does not give it. fetched_at is that of the newest fetch.
create or replace macro finals_between(since, until) as table
select
    app_id,
    session_id,
    arg_max(meeting_id, reported_at) as meeting_id,
    arg_max(meeting_display_name, reported_at) as meeting_display_name,
    arg_max(type, reported_at) as type,
    arg_max(started_at, reported_at) as started_at,
    arg_max(ended_at, reported_at) as ended_at,
    arg_max(max_concurrent_participants, reported_at) as max_concurrent_participants,
    arg_max(minutes_consumed, reported_at) as minutes_consumed,
    max(reported_at) as fetched_at
from session_and_breakout_readings
where source = 'final'
    and reported_at >= since - interval 24 hours
    and started_at < until
    and (ended_at is null or greatest(ended_at, started_at) >= since - interval 24 hours)
group by app_id, session_id;
