-- Which sessions were live yesterday at 14:05?
-- Grain: one row per session in the last snapshot up to 14:05 (UTC), whose time is slot.
-- Theme: When
with last_slot as (
    select max(slot) as slot
    from runs
    where kind = 'snapshot'
        and slot <= (cast(now() at time zone 'UTC' as date) - 1 + time '14:05') at time zone 'UTC'
)

select
    slot,
    meeting_display_name as meeting,
    type,
    live_participants as participants,
    started_at
from session_snapshots
where slot = (select slot from last_slot)
order by participants desc, started_at, session_id;
