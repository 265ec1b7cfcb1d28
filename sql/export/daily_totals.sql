-- Grain: one row per row of the table, with its own day.
-- UUIDs are text, so that other engines can read them.
select day, * exclude (day) replace (cast(run_id as varchar) as run_id)
from daily_totals
where day >= cast($since at time zone 'UTC' as date)
    and day < cast($until at time zone 'UTC' as date);
