-- No session starts after it was reported
-- Grain: one row per reading of a session more than five minutes before the session's start.
-- One of the two clocks is wrong. The reports show a duration of 0 for such a session.
select
    source,
    reported_at,
    app_id,
    meeting_id,
    session_id,
    started_at
from session_readings
where started_at > reported_at + interval 5 minutes
    and reported_at >= $since
    and reported_at < $until
    and ($app_id is null or app_id = $app_id)
order by reported_at, session_id;
