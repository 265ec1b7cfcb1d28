-- Grain: one row per run whose ID begins with $prefix, without the runs that are erased.
select cast(run_id as varchar) as run_id, kind, slot
from runs
where starts_with(cast(run_id as varchar), lower($prefix))
    and kind in ('snapshot', 'reconcile')
order by run_id;
