-- Grain: one row per app with a good snapshot in the period: the newest slot, and the step of the
-- schedule.
-- A run in which everything failed is not good. The step is what the newest run with a step states
-- (--every), else the most frequent gap between slots. So a run by hand does not change it.
-- Two runs less than a minute apart are trials by hand. The step of a single slot is empty.
with list_apps as (
    select distinct list_id, app_id
    from meeting_lists
),

app_slots as (
    select
        coalesce(list_apps.app_id, substr(runs.list_id, length('all:') + 1)) as app_id,
        runs.slot,
        max(runs.every_seconds) as every_seconds
    from runs
    left join list_apps using (list_id)
    where runs.kind = 'snapshot'
        and runs.slot >= $since
        and runs.slot <= $until
        and (runs.live + runs.idle > 0 or runs.failed = 0)
    group by all
),

gaps as (
    select
        *,
        epoch(slot) - epoch(lag(slot) over (partition by app_id order by slot)) as gap_seconds
    from app_slots
    where $app_id is null
        or app_id = $app_id
),

-- Of gaps that are equally frequent, the shortest.
usual_gaps as (
    select app_id, arg_max(gap_seconds, row(gaps, -gap_seconds)) as gap_seconds
    from (
        select app_id, gap_seconds, count(*) as gaps
        from gaps
        where gap_seconds >= 60
        group by app_id, gap_seconds
    )
    group by app_id
)

select
    gaps.app_id,
    max(gaps.slot) as slot,
    coalesce(
        arg_max(gaps.every_seconds, gaps.slot) filter (where gaps.every_seconds is not null),
        any_value(usual_gaps.gap_seconds)
    ) as step_seconds
from gaps
left join usual_gaps using (app_id)
group by gaps.app_id
order by gaps.app_id;
