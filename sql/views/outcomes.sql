-- grain: a meeting in a run; its outcome is live, idle or failed, and a failed one says its kind
-- Idle meetings have no rows of their own: they are the list without the live and the failed ones.
-- A run that asked a meeting again which its slot already held as live still counts it as live, and what a later run
-- of the slot saw changes nothing for an earlier one: run IDs sort by time.
-- A run that asked for all live sessions of an app (its list is called all:<app_id>) has no list but what was seen, and
-- a failure of the meeting * where it could not see everything.
create or replace view outcomes as
with listed as (
    select
        runs.run_id,
        runs.slot,
        meeting_lists.app_id,
        meeting_lists.meeting_id
    from runs
    join meeting_lists using (list_id)
    where runs.kind = 'snapshot'
),

seen as (
    select
        runs.run_id,
        runs.slot,
        session_snapshots.app_id,
        session_snapshots.meeting_id,
        'live' as outcome
    from runs
    join session_snapshots
        on session_snapshots.slot = runs.slot
        and 'all:' || session_snapshots.app_id = runs.list_id
        and session_snapshots.run_id <= runs.run_id
    left join fetch_failures
        on fetch_failures.run_id = runs.run_id
        and fetch_failures.app_id = session_snapshots.app_id
        and fetch_failures.meeting_id = session_snapshots.meeting_id
    where runs.kind = 'snapshot'
        and fetch_failures.run_id is null
),

-- Failures of what stands in no list: lines that are no IDs, and parts of an app that could not be seen.
unlisted as (
    select
        fetch_failures.run_id,
        fetch_failures.slot,
        fetch_failures.app_id,
        fetch_failures.meeting_id,
        'failed' as outcome,
        fetch_failures.kind as failure_kind,
        fetch_failures.line
    from fetch_failures
    join runs using (run_id)
    where fetch_failures.kind = 'invalid_id'
        or runs.list_id like 'all:%'
),

asked as (
    select
        listed.*,
        case
            when fetch_failures.kind is not null then 'failed'
            when session_snapshots.session_id is not null then 'live'
            else 'idle'
        end as outcome,
        fetch_failures.kind as failure_kind,
        cast(null as bigint) as line
    from listed
    left join fetch_failures
        on fetch_failures.run_id = listed.run_id
        and fetch_failures.app_id = listed.app_id
        and fetch_failures.meeting_id = listed.meeting_id
        and fetch_failures.kind <> 'invalid_id'
    left join session_snapshots
        on session_snapshots.slot = listed.slot
        and session_snapshots.app_id = listed.app_id
        and session_snapshots.meeting_id = listed.meeting_id
        and session_snapshots.run_id <= listed.run_id
)

select * from asked
union all by name
select * from seen
union all by name
select * from unlisted;
