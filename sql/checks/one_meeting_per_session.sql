-- A session belongs to one meeting
-- Grain: one row per session stored under several meetings, with the first and the last by name.
-- A session is reported at most a day before its end: clocks differ. So older rows are not read.
select
    app_id,
    session_id,
    min(meeting_id) as meeting_id,
    max(meeting_id) as other_meeting_id
from session_readings
where started_at < $until
    and coalesce(ended_at, reported_at) >= $since
    and reported_at >= $since - interval 1 day
    and ($app_id is null or app_id = $app_id)
group by app_id, session_id
having min(meeting_id) <> max(meeting_id)
order by session_id;
