-- A meeting has at most one outcome per run
-- Grain: one row per meeting and run with several failures, or with a failure and a snapshot.
with failed_meetings as (
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

live_meetings as (
    select run_id, app_id, meeting_id, count(*) as snapshots
    from session_snapshots
    where slot >= $since
        and slot < $until
    group by run_id, app_id, meeting_id
)

select
    failed_meetings.run_id,
    failed_meetings.slot,
    failed_meetings.app_id,
    failed_meetings.meeting_id,
    failed_meetings.failures,
    coalesce(live_meetings.snapshots, 0) as snapshots
from failed_meetings
left join live_meetings using (run_id, app_id, meeting_id)
where failures + coalesce(live_meetings.snapshots, 0) > 1
order by run_id, meeting_id;
