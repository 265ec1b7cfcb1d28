-- Subtract the failures of the app $app_id and of the meetings $meeting_ids from reconcile runs.
update runs
set failed = runs.failed - erased.failures
from (
    select run_id, count(*) as failures
    from fetch_failures
    where app_id = $app_id
        or meeting_id in (select unnest(cast($meeting_ids as varchar[])))
    group by run_id
) as erased
where runs.run_id = erased.run_id
    and runs.kind = 'reconcile';
