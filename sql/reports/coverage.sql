-- Expected, loaded and missing snapshots per day, and the outcomes they could not learn
-- Grain: one row per app and day in the time zone $tz, from the app's first snapshot on.
-- A snapshot whose meetings all failed is loaded, but covers nothing. The snapshots of an app are
-- expected until the end of the period; $app_id leaves out an app that is watched no longer. In a
-- gap of more than 366 days there was no schedule, and no snapshot is expected.
-- Main columns: expected_snapshots, loaded_snapshots, missing_snapshots, covered_percent
-- Total row: expected_snapshots, loaded_snapshots, missing_snapshots, covered_snapshots,
-- unresolved_outcomes
with slots as (
    select *, date_trunc('day', slot at time zone $tz) as local_day
    from slots_between($since, $until)
    where $app_id is null
        or app_id = $app_id
)

select
    cast(local_day as date) as day,
    count(*) as expected_snapshots,
    count(*) filter (where is_loaded) as loaded_snapshots,
    count(*) filter (where not is_loaded) as missing_snapshots,
    count(*) filter (where is_observed) as covered_snapshots,
    100 * covered_snapshots / expected_snapshots as covered_percent,
    cast(coalesce(sum(unresolved_meetings), 0) as bigint) as unresolved_outcomes,
    app_id
from slots
group by local_day, app_id
order by local_day, app_id;
