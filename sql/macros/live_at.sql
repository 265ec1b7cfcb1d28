-- Grain: one row per session that was live at the end of a period, as the snapshots before it tell.
-- Every meeting is judged by the newest run that resolved it: a run that has it in its list, or
-- that read all live sessions of its app, and in which it did not fail. A session is live if that
-- run observed it, and no final figures say that it had ended by then.
-- A meeting that no run resolved for a day before the newest snapshot is not known to be live.
-- Runs in which everything failed do not count, nor do those dated in the future.
create or replace macro live_at(until) as table
with resolving_runs as (
    select run_id, slot, list_id
    from runs
    where kind = 'snapshot'
        and slot < until
        and slot <= now()
        and (live + idle > 0 or failed = 0)
),

newest_list_slots as (
    select list_id, max(slot) as slot
    from resolving_runs
    group by list_id
),

list_apps as (
    select distinct list_id, app_id
    from meeting_lists

    union all

    select list_id, substr(list_id, length('all:') + 1)
    from newest_list_slots
    where list_id like 'all:%'
),

app_limits as (
    select app_id, max(slot) - interval 1 day as after_slot
    from newest_list_slots
    join list_apps using (list_id)
    group by app_id
),

list_limits as (
    select list_id, min(after_slot) as after_slot
    from app_limits
    join list_apps using (app_id)
    group by list_id
),

recent_runs as materialized (
    select list_id, run_id, slot
    from resolving_runs
    join list_limits using (list_id)
    where slot > after_slot
),

recent_failures as materialized (
    select list_id, run_id, app_id, meeting_id
    from fetch_failures
    join recent_runs using (run_id, slot)
    where kind <> 'invalid_id'
),

-- A run that could not read all live sessions of its app resolved only those it observed.
numbered_runs as materialized (
    select
        *,
        row_number() over (partition by list_id order by slot desc, run_id desc) as run_number
    from recent_runs
    anti join (select run_id from recent_failures where meeting_id = '*') using (run_id)
),

numbered_failures as (
    select
        list_id,
        app_id,
        meeting_id,
        run_number,
        row_number() over (
            partition by list_id, app_id, meeting_id
            order by run_number
        ) as failure_number
    from recent_failures
    join numbered_runs using (list_id, run_id)
),

-- In so many of the newest runs of a list, one after the other, a meeting failed.
failed_runs as (
    select list_id, app_id, meeting_id, count(*) as failed_runs
    from numbered_failures
    where run_number = failure_number
    group by list_id, app_id, meeting_id
),

-- The meeting * stands for all meetings of an app that did not fail by themselves.
list_meetings as (
    select list_id, app_id, meeting_id
    from meeting_lists

    union

    select list_id, app_id, meeting_id
    from failed_runs

    union

    select list_id, substr(list_id, length('all:') + 1), '*'
    from recent_runs
    where list_id like 'all:%'
),

resolved_meetings as materialized (
    select
        list_meetings.app_id,
        list_meetings.meeting_id,
        coalesce(max(numbered_runs.slot), '-infinity') as slot
    from list_meetings
    left join failed_runs using (list_id, app_id, meeting_id)
    left join numbered_runs
        on numbered_runs.list_id = list_meetings.list_id
        and numbered_runs.run_number = coalesce(failed_runs, 0) + 1
    where run_number is not null
        or list_meetings.meeting_id = '*'
    group by list_meetings.app_id, list_meetings.meeting_id
),

-- Only the slots since then can have a session that is live.
app_slots as (
    select app_id, max(after_slot) as after_slot, min(slot) as first_slot
    from resolved_meetings
    join app_limits using (app_id)
    group by app_id
),

slots as materialized (
    select distinct list_apps.app_id, recent_runs.slot
    from recent_runs
    join list_apps using (list_id)
    join app_slots using (app_id)
    where slot > after_slot
        and slot >= first_slot
),

last_snapshots as (
    select session_snapshots.*
    from session_snapshots
    semi join slots using (app_id, slot)
    left join resolved_meetings using (app_id, meeting_id)
    left join resolved_meetings as resolved_apps
        on resolved_apps.app_id = session_snapshots.app_id
        and resolved_apps.meeting_id = '*'
    left join failed_runs
        on failed_runs.list_id = 'all:' || session_snapshots.app_id
        and failed_runs.meeting_id = session_snapshots.meeting_id
    where session_snapshots.started_at < until
        and session_snapshots.observed_at <= now()
        and session_snapshots.slot >= coalesce(resolved_meetings.slot, '-infinity')
        and (
            failed_runs.meeting_id is not null
            or session_snapshots.slot >= coalesce(resolved_apps.slot, '-infinity')
        )
    qualify row_number() over (
        partition by session_snapshots.app_id, session_snapshots.meeting_id
        order by session_snapshots.slot desc, session_snapshots.run_id desc
    ) = 1
),

ended_sessions as (
    select app_id, session_id
    from session_finals
    where least(ended_at, fetched_at) < until
        and fetched_at >= (select min(slot) - interval 1 day from slots)
        and fetched_at <= now()
)

select
    slot,
    app_id,
    meeting_id,
    session_id,
    meeting_display_name,
    coalesce(type, 'unknown') as type,
    observed_at,
    started_at,
    live_participants,
    max_concurrent_participants,
    minutes_consumed
from last_snapshots
anti join ended_sessions using (app_id, session_id);
