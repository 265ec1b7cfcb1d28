-- The newest snapshot of each app in the period, and the time from the slot before it.
-- Grain: one row per app with a snapshot. A snapshot in which every meeting failed does not count,
-- nor does one that a wrong clock has put into the future. Slots without a run are slots as well,
-- so that step_seconds is the step of the schedule. It is empty for the first snapshot of an app.
with slots as (
    select
        app_id,
        slot,
        is_observed,
        epoch(slot) - epoch(lag(slot) over (partition by app_id order by slot)) as step_seconds
    from slots_between($since, $until)
    where slot <= now()
        and ($app_id is null or app_id = $app_id)
)

select app_id, max(slot) as slot, arg_max(step_seconds, slot) as step_seconds
from slots
where is_observed
group by app_id
order by app_id;
