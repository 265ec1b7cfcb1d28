-- grain: a session that was live in its app's latest slot; slot says how long ago that is
create or replace view live_now as
select
    slot,
    app_id,
    meeting_id,
    session_id,
    meeting_display_name,
    coalesce(type, 'unknown') as type,
    started_at,
    live_participants,
    max_concurrent_participants,
    minutes_consumed
from session_snapshots
where (app_id, slot) in (select app_id, max(slot) from coverage where is_loaded group by app_id);
