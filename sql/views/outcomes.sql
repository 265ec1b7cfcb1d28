-- Grain: one row per meeting and run, with the meeting's outcome: live, idle or failed.
-- No table has rows of idle meetings: a meeting of the run's list that is neither live nor failed
-- is idle. A run may repeat a slot. Then the sessions that earlier runs of the slot stored are live
-- in it, too, but not those of later runs. Run IDs sort by time.
-- A run for all live sessions of an app has the list all:<app_id>, without meetings. Its outcomes
-- are its live meetings, and a failure of the meeting * if it could not read everything.
create or replace view outcomes as
with listed_meetings as (
    select
        runs.run_id,
        runs.slot,
        meeting_lists.app_id,
        meeting_lists.meeting_id
    from runs
    join meeting_lists using (list_id)
    where runs.kind = 'snapshot'
),

listed_outcomes as (
    select
        listed_meetings.*,
        case
            when fetch_failures.kind is not null then 'failed'
            when session_snapshots.session_id is not null then 'live'
            else 'idle'
        end as outcome,
        fetch_failures.kind as failure_kind,
        cast(null as bigint) as line
    from listed_meetings
    left join fetch_failures
        on fetch_failures.run_id = listed_meetings.run_id
        and fetch_failures.app_id = listed_meetings.app_id
        and fetch_failures.meeting_id = listed_meetings.meeting_id
        and fetch_failures.kind <> 'invalid_id'
    left join session_snapshots
        on session_snapshots.slot = listed_meetings.slot
        and session_snapshots.app_id = listed_meetings.app_id
        and session_snapshots.meeting_id = listed_meetings.meeting_id
        and session_snapshots.run_id <= listed_meetings.run_id
),

live_in_whole_app as (
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
    anti join fetch_failures
        on fetch_failures.run_id = runs.run_id
        and fetch_failures.app_id = session_snapshots.app_id
        and fetch_failures.meeting_id = session_snapshots.meeting_id
    where runs.kind = 'snapshot'
),

-- Failures of no listed meeting: lines that are not IDs, and unread parts of a whole app.
unlisted_failures as (
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
)

select * from listed_outcomes
union all by name
select * from live_in_whole_app
union all by name
select * from unlisted_failures;
