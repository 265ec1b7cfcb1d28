-- grain: an app's slot in the period: one that a loaded run stands for, or one that is missing between two of them or
-- before the period's end
-- A slot is missing where the schedule has it and no run is loaded. The schedule is what runs say (--every), or what
-- most gaps between runs are where none said it; it is that of an app, whatever lists its runs had. unresolved_meetings counts the
-- meetings that have no outcome in the slot; where none has one, a run is loaded, and still nothing is known.
create or replace macro slots_between(since, until) as table
with apps as materialized (
    select list_id, app_id, count(*) as meetings
    from meeting_lists
    group by list_id, app_id
),

asked as materialized (
    select
        runs.run_id,
        runs.slot,
        coalesce(apps.app_id, substr(runs.list_id, length('all:') + 1)) as app_id,
        coalesce(apps.meetings, 1) as meetings
    from runs
    left join apps using (list_id)
    where runs.kind = 'snapshot'
        and (apps.app_id is not null or runs.list_id like 'all:%')
),

loaded as materialized (
    select asked.app_id, asked.slot, max(runs.every_seconds) as every_seconds, max(asked.meetings) as meetings
    from asked
    join runs using (run_id)
    group by asked.app_id, asked.slot
),

stepped as materialized (
    select
        app_id,
        slot,
        last_value(every_seconds ignore nulls) over in_order as every_seconds,
        lead(slot) over in_order as next_slot,
        epoch(next_slot) - epoch(slot) as gap_seconds
    from loaded
    window in_order as (partition by app_id order by slot)
),

-- Runs less than a minute apart are somebody trying something out.
usual as (
    select app_id, arg_max(gap_seconds, row(times, -gap_seconds)) as gap_seconds
    from (
        select app_id, gap_seconds, count(*) as times
        from stepped
        where gap_seconds >= 60
        group by app_id, gap_seconds
    )
    group by app_id
),

-- No slot is expected within half a step of the one that is there, nor before it has passed.
missing as (
    select
        stepped.app_id,
        unnest(generate_series(
            stepped.slot + to_seconds(coalesce(stepped.every_seconds, usual.gap_seconds)),
            coalesce(stepped.next_slot, least(until, now())) - to_seconds(coalesce(stepped.every_seconds, usual.gap_seconds) / 2),
            to_seconds(coalesce(stepped.every_seconds, usual.gap_seconds))
        )) as slot
    from stepped
    left join usual using (app_id)
    where stepped.slot < until
        and coalesce(stepped.next_slot, least(until, now())) > since
),

-- A later run of the slot that asked for all live sessions of an app again has told about all of its meetings.
asked_for_all as (
    select slot, app_id, max(run_id) as run_id
    from runs
    join asked using (run_id, slot)
    where runs.list_id like 'all:%'
    group by slot, app_id
),

-- A meeting that failed and that no later run of the slot could tell about.
failed as (
    select fetch_failures.slot, fetch_failures.app_id, count(distinct fetch_failures.meeting_id) as unresolved_meetings
    from fetch_failures
    join runs using (run_id)
    left join (
        select asked.slot, asked.app_id, asked.run_id, meeting_lists.meeting_id
        from asked
        join runs using (run_id)
        join meeting_lists on meeting_lists.list_id = runs.list_id and meeting_lists.app_id = asked.app_id
        where asked.slot in (select slot from fetch_failures where slot >= since and slot < until)
    ) as again
        on again.slot = fetch_failures.slot
        and again.app_id = fetch_failures.app_id
        and again.meeting_id = fetch_failures.meeting_id
        and again.run_id > fetch_failures.run_id
    left join asked_for_all
        on asked_for_all.slot = fetch_failures.slot
        and asked_for_all.app_id = fetch_failures.app_id
        and asked_for_all.run_id > fetch_failures.run_id
    where runs.kind = 'snapshot'
        and fetch_failures.kind <> 'invalid_id'
        and fetch_failures.slot >= since
        and fetch_failures.slot < until
        and again.run_id is null
        and asked_for_all.run_id is null
    group by fetch_failures.slot, fetch_failures.app_id
)

select
    loaded.app_id,
    loaded.slot,
    true as is_loaded,
    coalesce(failed.unresolved_meetings, 0) < loaded.meetings as is_observed,
    coalesce(failed.unresolved_meetings, 0) as unresolved_meetings
from loaded
left join failed using (app_id, slot)
where loaded.slot >= since
    and loaded.slot < until

union all

select app_id, slot, false as is_loaded, false as is_observed, null as unresolved_meetings
from missing
where slot >= since
    and slot < until;
