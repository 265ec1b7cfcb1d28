-- No session ends before its start
-- Grain: one row per reading of a session with an end before its start.
select
    source,
    reported_at,
    app_id,
    session_id,
    started_at,
    ended_at
from session_readings
where ended_at < started_at
    and reported_at >= $since
    and reported_at < $until
    and ($app_id is null or app_id = $app_id)
order by reported_at, session_id;
