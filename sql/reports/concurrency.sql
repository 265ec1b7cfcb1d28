-- Sessions and participants at a time, per snapshot; a missing snapshot is a row without figures
-- Grain: one row per app and slot. unresolved_meetings have no outcome in the slot.
-- Main columns: sessions, participants
select
    slot,
    sessions,
    participants,
    other_sessions,
    other_participants,
    unresolved_meetings,
    app_id
from concurrency_between($since, $until)
where $app_id is null
    or app_id = $app_id
order by slot, app_id;
