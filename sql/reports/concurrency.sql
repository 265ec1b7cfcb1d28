-- Sessions and participants at a time, a row a snapshot; gaps are rows without figures
-- grain: an app's slot; unresolved meetings are those of which the slot knows nothing
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
