-- How many of the scheduled snapshots are there, and what they could not learn, a row a day
-- grain: an app's day in the zone $tz, from its first snapshot on
with slots as (
    select
        *,
        date_trunc('day', slot at time zone $tz) as day,
        slot - lag(slot) over (partition by app_id, is_loaded order by slot) as gap
    from slots_between($since, $until)
    where $app_id is null
        or app_id = $app_id
)

select
    cast(day as date) as day,
    count(*) as expected_snapshots,
    count(*) filter (where is_loaded) as loaded_snapshots,
    count(*) filter (where not is_loaded) as missing_snapshots,
    100 * loaded_snapshots / expected_snapshots as covered_percent,
    epoch(max(gap) filter (where is_loaded)) / 60 as longest_gap_minutes,
    cast(coalesce(sum(unresolved), 0) as bigint) as unresolved_outcomes,
    app_id
from slots
group by slots.day, app_id
order by slots.day, app_id;
