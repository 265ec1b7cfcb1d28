-- Grain: one row per app and slot of the period: the slots of loaded runs, and the missing slots.
-- A slot is missing where the schedule has one and no run is loaded. The schedule is the step that
-- runs state (--every), else the most frequent gap between the app's runs. No slot of the future is
-- missing, and none within a gap of more than 366 days: in that time there was no schedule.
-- A snapshot of a few meetings between snapshots of more than twice as many, in the day before and
-- in the day after it, is an extra one. It has no row, since it tells nothing of other meetings.
-- Until an hour after the larger snapshot, the next one need not have come.
-- unresolved_meetings counts the meetings without an outcome. is_observed is false where no meeting
-- of the slot has an outcome.
create or replace macro slots_between(since, until) as table
with list_apps as (
    select list_id, app_id, count(*) as meetings
    from meeting_lists
    group by list_id, app_id
),

-- Runs by app. A run for all live sessions of an app has the list all:<app_id>, without meetings.
app_runs as (
    select
        runs.run_id,
        runs.slot,
        runs.list_id,
        runs.every_seconds,
        runs.list_id like 'all:%' as is_for_whole_app,
        coalesce(list_apps.app_id, substr(runs.list_id, length('all:') + 1)) as app_id,
        coalesce(list_apps.meetings, 1) as meetings,
        coalesce(list_apps.meetings, runs.live) as asked_meetings
    from runs
    left join list_apps using (list_id)
    where runs.kind = 'snapshot'
        and (list_apps.app_id is not null or runs.list_id like 'all:%')
),

run_slots as (
    select
        app_id,
        slot,
        max(every_seconds) as every_seconds,
        max(meetings) as meetings,
        max(asked_meetings) as asked_meetings,
        bool_or(is_for_whole_app) as is_for_whole_app
    from app_runs
    group by app_id, slot
),

list_sizes as (
    select app_id, meetings, true as is_list
    from list_apps

    union all

    select app_id, asked_meetings, false as is_list
    from app_runs
    where is_for_whole_app
),

apps_with_lists_of_two_sizes as (
    select app_id
    from list_sizes
    group by app_id
    having max(meetings) > 2 * min(meetings) filter (where is_list)
),

slot_sizes as (
    select
        app_id,
        slot,
        not is_for_whole_app and 2 * asked_meetings < least(
            max(asked_meetings) over day_before,
            greatest(
                max(asked_meetings) over day_after,
                max(asked_meetings) filter (where slot > now() - interval 1 hour) over app
            )
        ) as is_extra
    from run_slots
    semi join apps_with_lists_of_two_sizes using (app_id)
    window
        app as (partition by app_id),
        day_before as (
            partition by app_id
            order by slot
            range between interval 1 day preceding and current row
        ),
        day_after as (
            partition by app_id
            order by slot
            range between current row and interval 1 day following
        )
),

loaded_slots as (
    select *
    from run_slots
    anti join (select app_id, slot from slot_sizes where is_extra) using (app_id, slot)
),

gaps as (
    select
        app_id,
        slot,
        last_value(every_seconds ignore nulls) over by_slot as every_seconds,
        lead(slot) over by_slot as next_slot,
        epoch(next_slot) - epoch(slot) as gap_seconds
    from loaded_slots
    window by_slot as (partition by app_id order by slot)
),

-- Two runs less than a minute apart are trials by hand, not a schedule.
gap_counts as (
    select app_id, gap_seconds, count(*) as gaps
    from gaps
    where gap_seconds >= 60
    group by app_id, gap_seconds
),

-- Of gaps that are equally frequent, the shortest.
usual_gaps as (
    select app_id, arg_max(gap_seconds, row(gaps, -gap_seconds)) as gap_seconds
    from gap_counts
    group by app_id
),

schedules as (
    select
        gaps.app_id,
        gaps.slot,
        least(coalesce(gaps.next_slot, until), now()) as schedule_until,
        coalesce(gaps.every_seconds, usual_gaps.gap_seconds) as step_seconds
    from gaps
    left join usual_gaps using (app_id)
    where gaps.slot < until
        and schedule_until > since
),

missing_slots as (
    select
        app_id,
        unnest(steps_between(slot, schedule_until, to_seconds(step_seconds))) as slot
    from schedules
),

failures as (
    select
        fetch_failures.run_id,
        fetch_failures.slot,
        fetch_failures.app_id,
        fetch_failures.meeting_id
    from fetch_failures
    join runs using (run_id)
    where runs.kind = 'snapshot'
        and fetch_failures.kind <> 'invalid_id'
        and fetch_failures.slot >= since
        and fetch_failures.slot < until
),

-- The last run of a slot that fetched a meeting, by its list.
last_meeting_runs as (
    select
        app_runs.slot,
        app_runs.app_id,
        meeting_lists.meeting_id,
        max(app_runs.run_id) as run_id
    from app_runs
    join meeting_lists using (list_id, app_id)
    where app_runs.slot in (select slot from failures)
    group by app_runs.slot, app_runs.app_id, meeting_lists.meeting_id
),

-- The last run of a slot that fetched all live sessions of an app, and so all of its meetings.
last_whole_app_runs as (
    select slot, app_id, max(run_id) as run_id
    from app_runs
    where is_for_whole_app
    group by slot, app_id
),

-- A failure is resolved by a later run of the slot that fetched its meeting.
-- If the later run failed as well, it has a failure of its own here.
unresolved as (
    select
        failures.slot,
        failures.app_id,
        count(distinct failures.meeting_id) as unresolved_meetings
    from failures
    left join last_meeting_runs using (slot, app_id, meeting_id)
    left join last_whole_app_runs using (slot, app_id)
    where (last_meeting_runs.run_id is null or last_meeting_runs.run_id <= failures.run_id)
        and (last_whole_app_runs.run_id is null or last_whole_app_runs.run_id <= failures.run_id)
    group by failures.slot, failures.app_id
)

select
    loaded_slots.app_id,
    loaded_slots.slot,
    true as is_loaded,
    coalesce(unresolved.unresolved_meetings, 0) < loaded_slots.meetings as is_observed,
    coalesce(unresolved.unresolved_meetings, 0) as unresolved_meetings
from loaded_slots
left join unresolved using (app_id, slot)
where loaded_slots.slot >= since
    and loaded_slots.slot < until

union all

select app_id, slot, false as is_loaded, false as is_observed, null as unresolved_meetings
from missing_slots
where slot >= since
    and slot < until;
