-- What a run counted as live or failed is stored
-- grain: a run, of whatever app, of which rows are missing, or that has too many
-- A run that asked again for what its slot held already has counted it as live, but its rows were dropped. Where several
-- runs share a slot, the rows of all of them are therefore at least as many as any one has counted.
with live as (
    select run_id, slot, count(*) as snapshots
    from session_snapshots
    where slot >= $since
        and slot < $until
    group by run_id, slot
),

failed as (
    select run_id, count(*) as failures
    from fetch_failures
    where slot >= $since
        and slot < $until
    group by run_id
),

counted as (
    select
        runs.run_id,
        runs.slot,
        runs.live,
        coalesce(live.snapshots, 0) as snapshots,
        coalesce(sum(live.snapshots) over (partition by runs.kind, runs.slot), 0) as snapshots_in_slot,
        runs.failed,
        coalesce(failed.failures, 0) as failures
    from runs
    left join live using (run_id)
    left join failed using (run_id)
    where runs.slot >= $since
        and runs.slot < $until
)

select *
from counted
where snapshots > live
    or snapshots_in_slot < live
    or failures <> failed
order by run_id;
