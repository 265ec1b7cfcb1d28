-- The start of a session never changes
-- Grain: one row per session with reported starts more than a second apart.
-- Within a second they may differ: one endpoint of the API may cut off what another one reports.
-- A session is reported at most a day before its end: clocks differ. So older rows are not read.
select
    app_id,
    session_id,
    min(started_at) as first_started_at,
    max(started_at) as last_started_at
from session_readings
where started_at < $until
    and coalesce(ended_at, reported_at) >= $since
    and reported_at >= $since - interval 1 day
    and ($app_id is null or app_id = $app_id)
group by app_id, session_id
having last_started_at > first_started_at + interval 1 second
order by session_id;
