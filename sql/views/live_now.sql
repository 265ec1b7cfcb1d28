-- Grain: one row per session that was live in its app's latest loaded slot.
-- slot says how old that is. Slots that a wrong clock has put into the future do not count.
create or replace view live_now as
with latest_slots as (
    select app_id, max(slot) as slot
    from coverage
    where is_loaded
        and slot <= now()
    group by app_id
)

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
semi join latest_slots using (app_id, slot);
