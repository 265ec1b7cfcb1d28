-- A session has no more live participants than its maximum so far
-- Grain: one row per snapshot of a session with more.
select
    slot,
    app_id,
    meeting_id,
    session_id,
    live_participants,
    max_concurrent_participants
from session_snapshots
where live_participants > max_concurrent_participants
    and slot >= $since
    and slot < $until
    and ($app_id is null or app_id = $app_id)
order by slot, session_id;
