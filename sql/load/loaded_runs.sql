-- grain: a run of those in $run_ids that the ledger holds already
select cast(run_id as varchar) as run_id
from runs
where run_id in (select cast(unnest($run_ids) as uuid));
