-- Grain: one row per run of $run_ids that the ledger already holds.
select cast(run_id as varchar) as run_id
from runs
where run_id in (select try_cast(unnest($run_ids) as uuid));
