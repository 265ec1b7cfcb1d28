-- Grain: one row per row of the table, and the day in UTC on which it was fetched.
-- UUIDs and JSON are text, so that other engines can read them.
select
    cast(fetched_at at time zone 'UTC' as date) as day,
    * replace (
        cast(run_id as varchar) as run_id,
        cast(breakout_rooms as varchar) as breakout_rooms,
        cast(meta as varchar) as meta,
        cast(extra as varchar) as extra
    )
from session_finals
where fetched_at >= $since
    and fetched_at < $until;
