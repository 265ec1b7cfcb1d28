-- The live and failed meetings that a run counts are stored
-- Grain: one row per run, of any app, with fewer or more rows than the ledger says.
-- Runs may repeat a slot. A repeated run counts a session as live that an earlier run of the slot
-- stored, but stores no row of it. So the runs of a slot together have at least as many rows as any
-- one of them counts.
with snapshot_counts as (
    select run_id, count(*) as snapshots
    from session_snapshots
    where slot >= $since
        and slot < $until
    group by run_id
),

failure_counts as (
    select run_id, count(*) as failures
    from fetch_failures
    where slot >= $since
        and slot < $until
    group by run_id
),

run_counts as (
    select
        runs.run_id,
        runs.slot,
        runs.live,
        coalesce(snapshots, 0) as snapshots,
        coalesce(sum(snapshots) over (partition by runs.kind, runs.slot), 0) as snapshots_in_slot,
        runs.failed,
        coalesce(failures, 0) as failures
    from runs
    left join snapshot_counts using (run_id)
    left join failure_counts using (run_id)
    where runs.slot >= $since
        and runs.slot < $until
)

select *
from run_counts
where snapshots > live
    or snapshots_in_slot < live
    or failures <> failed
order by run_id;
