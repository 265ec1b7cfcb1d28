-- Which sessions were live yesterday at 14:05?
-- Grain: one row per session live at 14:05 (UTC). slot is the last snapshot of its meeting by then.
-- Theme: When
select
    slot,
    meeting_display_name as meeting,
    type,
    live_participants as participants,
    started_at
from live_at((cast(now() at time zone 'UTC' as date) - 1 + time '14:05') at time zone 'UTC')
order by participants desc, started_at, session_id;
