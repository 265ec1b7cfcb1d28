-- Who was live yesterday at 14:05?
-- grain: a session in the last snapshot up to then (UTC); slot says how long before that is
with asked as (
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
where slot = (select slot from asked)
order by participants desc, started_at, session_id;
