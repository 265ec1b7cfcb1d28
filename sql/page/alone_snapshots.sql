-- Grain: one row, the snapshots of the period that saw somebody in a session of the type meeting.
-- A snapshot counts once per session. alone_snapshots saw one participant in the session.
select
    count(*) filter (where live_participants > 0) as occupied_snapshots,
    count(*) filter (where live_participants = 1) as alone_snapshots
from session_readings
where source = 'snapshot'
    and type = 'meeting'
    and reported_at >= $since
    and reported_at < $until
    and ($app_id is null or app_id = $app_id);
