-- A session belongs to the meeting that was requested
-- Grain: one row per snapshot of a session that names another meeting.
select
    slot,
    app_id,
    meeting_id,
    session_id,
    associated_id
from session_snapshots
where associated_id <> meeting_id
    and slot >= $since
    and slot < $until
    and ($app_id is null or app_id = $app_id)
order by slot, session_id;
