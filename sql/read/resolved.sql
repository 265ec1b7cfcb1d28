-- grain: a meeting whose outcome the slot $slot already holds: in the list of one of its runs, and not failed there
select distinct meeting_lists.app_id, meeting_lists.meeting_id
from runs
join meeting_lists using (list_id)
left join fetch_failures
    on fetch_failures.run_id = runs.run_id
    and fetch_failures.app_id = meeting_lists.app_id
    and fetch_failures.meeting_id = meeting_lists.meeting_id
where runs.slot = $slot
    and runs.kind = 'snapshot'
    and fetch_failures.run_id is null;
