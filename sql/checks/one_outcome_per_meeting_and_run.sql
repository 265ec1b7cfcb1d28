-- No meeting has two outcomes in a run
-- grain: a meeting that failed in a run of snapshots twice, or that the same run saw live
with failed as (
    select
        fetch_failures.run_id,
        fetch_failures.slot,
        fetch_failures.app_id,
        fetch_failures.meeting_id,
        count(*) as failures
    from fetch_failures
    join runs using (run_id)
    where runs.kind = 'snapshot'
        and fetch_failures.kind <> 'invalid_id'
        and fetch_failures.slot >= $since
        and fetch_failures.slot < $until
        and ($app_id is null or fetch_failures.app_id = $app_id)
    group by all
),

live as (
    select run_id, app_id, meeting_id, count(*) as snapshots
    from session_snapshots
    semi join failed using (run_id, app_id, meeting_id)
    where slot >= $since
        and slot < $until
    group by run_id, app_id, meeting_id
)

select
    failed.run_id,
    failed.slot,
    failed.app_id,
    failed.meeting_id,
    failed.failures,
    coalesce(live.snapshots, 0) as snapshots
from failed
left join live using (run_id, app_id, meeting_id)
where failures + coalesce(live.snapshots, 0) > 1
order by run_id, meeting_id;
