-- When were snapshots missing for the longest time?
-- Grain: one row per app and gap, a series of missing snapshots: the ten longest in 30 days.
-- Theme: Is anything missing
with numbered_slots as (
    select
        *,
        count(*) filter (where is_loaded) over (partition by app_id order by slot) as gap_number
    from slots_between(now() - interval 30 days, now())
)

select
    app_id,
    min(slot) filter (where not is_loaded) as missing_from,
    max(slot) filter (where not is_loaded) as missing_to,
    count(*) filter (where not is_loaded) as missing_snapshots
from numbered_slots
group by app_id, gap_number
having missing_snapshots > 0
order by missing_snapshots desc, missing_from
limit 10;
