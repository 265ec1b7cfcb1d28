-- grain: an app's slot, loaded or missing, with the participants of its meetings; empty where nothing is known
select
    app_id,
    slot,
    is_observed as is_loaded,
    coalesce(unresolved_meetings, 0) as unresolved,
    sessions,
    participants
from concurrency_between($since, $until)
where $app_id is null
    or app_id = $app_id
order by slot, app_id;
