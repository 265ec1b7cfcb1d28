-- Subtract the failures of the app $app_id from the reconcile runs.
update runs
set failed = runs.failed - app_failures.failures
from (
    select run_id, count(*) as failures
    from fetch_failures
    where app_id = $app_id
    group by run_id
) as app_failures
where runs.run_id = app_failures.run_id
    and runs.kind = 'reconcile';
