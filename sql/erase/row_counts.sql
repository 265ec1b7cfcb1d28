-- Grain: one row per table, with the number of rows of the runs $run_ids, of the app $app_id, of
-- the meetings $meeting_ids and of the sessions $session_ids.
with runs_to_erase as (
    select try_cast(unnest($run_ids) as uuid) as run_id
),

meetings_to_erase as (
    select unnest(cast($meeting_ids as varchar[])) as meeting_id
),

sessions_to_erase as (
    select unnest(cast($session_ids as varchar[])) as session_id
)

select 'session_snapshots' as table_name, count(*) as rows
from session_snapshots
where run_id in (select run_id from runs_to_erase)
    or app_id = $app_id
    or meeting_id in (select meeting_id from meetings_to_erase)
    or session_id in (select session_id from sessions_to_erase)

union all

select 'session_finals', count(*)
from session_finals
where app_id = $app_id
    or meeting_id in (select meeting_id from meetings_to_erase)
    or session_id in (select session_id from sessions_to_erase)

union all

select 'daily_totals', count(*)
from daily_totals
where app_id = $app_id

union all

select 'fetch_failures', count(*)
from fetch_failures
where run_id in (select run_id from runs_to_erase)
    or app_id = $app_id
    or meeting_id in (select meeting_id from meetings_to_erase);
