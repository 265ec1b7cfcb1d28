-- Grain: one row per meeting whose outcome the slot $slot already holds.
-- The meeting is in the list of a run of the slot, and did not fail in that run. The meeting *
-- stands for all meetings of an app, after a run for the whole app without a failure.
select distinct meeting_lists.app_id, meeting_lists.meeting_id
from runs
join meeting_lists using (list_id)
left join fetch_failures
    on fetch_failures.run_id = runs.run_id
    and fetch_failures.app_id = meeting_lists.app_id
    and fetch_failures.meeting_id = meeting_lists.meeting_id
where runs.slot = $slot
    and runs.kind = 'snapshot'
    and fetch_failures.run_id is null

union all

select substr(list_id, length('all:') + 1), '*'
from runs
where slot = $slot
    and kind = 'snapshot'
    and list_id like 'all:%'
    and failed = 0;
