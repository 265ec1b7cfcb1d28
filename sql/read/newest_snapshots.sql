-- Grain: one row per app with a snapshot in the period: the newest one, and its schedule's step.
-- A run in which every meeting failed does not count, nor does one that a wrong clock has put into
-- the future. step_seconds is what the newest run states (--every), else the time since the slot
-- before it. It is empty for the first snapshot of an app, and for two runs less than a minute
-- apart: those are trials by hand, not a schedule.
with list_slots as (
    select
        list_id,
        slot,
        max(every_seconds) as every_seconds
    from runs
    where kind = 'snapshot'
        and slot >= $since
        and slot < $until
        and slot <= now()
        and (live + idle > 0 or failed = 0)
    group by list_id, slot
),

newest_list_slots as (
    select *
    from list_slots
    qualify row_number() over (partition by list_id order by slot desc) <= 2
),

list_apps as (
    select distinct list_id, app_id
    from meeting_lists
),

app_slots as (
    select
        coalesce(list_apps.app_id, substr(list_id, length('all:') + 1)) as app_id,
        slot,
        max(every_seconds) as every_seconds
    from newest_list_slots
    left join list_apps using (list_id)
    group by all
),

newest_slots as (
    select
        app_id,
        max(slot) as slot,
        arg_max(every_seconds, slot) as every_seconds,
        max(slot, 2) as two_slots
    from app_slots
    where $app_id is null
        or app_id = $app_id
    group by app_id
)

select
    app_id,
    slot,
    coalesce(
        every_seconds,
        case
            when two_slots[1] - two_slots[2] >= interval 1 minute
                then epoch(two_slots[1]) - epoch(two_slots[2])
        end
    ) as step_seconds
from newest_slots
order by app_id;
