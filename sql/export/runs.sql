-- Grain: one row per row of the table, and the day of its slot in UTC.
-- UUIDs and JSON are text, so that other engines can read them.
select
    cast(slot at time zone 'UTC' as date) as day,
    * replace (cast(run_id as varchar) as run_id)
from runs
where slot >= $since
    and slot < $until;
