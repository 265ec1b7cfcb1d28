-- Grain: one row per table, with the number of rows of the runs $run_ids and of the app $app_id.
with chosen as (
    select try_cast(unnest($run_ids) as uuid) as run_id
)

select 'session_snapshots' as table_name, count(*) as rows
from session_snapshots
where run_id in (select run_id from chosen)
    or app_id = $app_id

union all

select 'session_finals', count(*)
from session_finals
where app_id = $app_id

union all

select 'daily_totals', count(*)
from daily_totals
where app_id = $app_id

union all

select 'fetch_failures', count(*)
from fetch_failures
where run_id in (select run_id from chosen)
    or app_id = $app_id;
