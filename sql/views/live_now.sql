-- Grain: one row per session that was live in its app's newest snapshot.
-- slot says how old that is. A snapshot in which every meeting failed does not count, nor does one
-- that a wrong clock has put into the future.
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
semi join newest_slots() using (app_id, slot);
