-- How many of the scheduled snapshots are there, and what they could not learn, a row a day
-- grain: an app's day in the zone $tz, from its first snapshot on
-- A snapshot in which every meeting failed is loaded, not missing, and covers nothing. Snapshots of
-- an app are expected as long as there are snapshots of any app; $app_id leaves other apps out.
with slots as (
    select *, date_trunc('day', slot at time zone $tz) as day
    from slots_between($since, $until)
    where $app_id is null
        or app_id = $app_id
)

select
    cast(day as date) as day,
    count(*) as expected_snapshots,
    count(*) filter (where is_loaded) as loaded_snapshots,
    count(*) filter (where not is_loaded) as missing_snapshots,
    count(*) filter (where is_observed) as covered_snapshots,
    100 * covered_snapshots / expected_snapshots as covered_percent,
    cast(coalesce(sum(unresolved_meetings), 0) as bigint) as unresolved_outcomes,
    app_id
from slots
group by slots.day, app_id
order by slots.day, app_id;
