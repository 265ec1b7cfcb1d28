-- No snapshot shows a session before its start
-- Grain: one row per snapshot of a session more than five minutes before the session's start.
-- One of the two clocks is wrong.
select
    slot,
    app_id,
    meeting_id,
    session_id,
    observed_at,
    started_at
from session_snapshots
where started_at > observed_at + interval 5 minutes
    and slot >= $since
    and slot < $until
    and ($app_id is null or app_id = $app_id)
order by slot, session_id;
