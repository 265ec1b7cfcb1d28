-- Grain: one row per session and step of its running total. A step leads from the last reading of
-- one row of growth_readings_between to the first reading of the next row.
-- The first step of a session leads from 0 minutes at its start to its first reading.
-- minutes_within_bucket is the growth from the first to the last reading within bucket.
create or replace macro growth_steps_between(since, until, tz, unit, with_finals) as table
with ordered_readings as (
    select
        *,
        lag(last_at) over by_time as previous_at,
        lag(last_minutes) over by_time as previous_minutes,
        lead(first_at) over by_time as next_at
    from growth_readings_between(since, until, tz, unit, with_finals)
    window by_time as (partition by app_id, session_id order by is_final, first_at)
)

-- Clocks differ, but a step never goes back in time. A session observed before its start starts at
-- its first reading. One observed after its end reaches its final total at its last reading.
select
    app_id,
    meeting_id,
    session_id,
    type,
    coalesce(
        previous_at,
        case when is_final then started_at else least(started_at, first_at) end
    ) as from_at,
    greatest(first_at, from_at) as to_at,
    coalesce(previous_minutes, 0) as from_minutes,
    first_minutes as to_minutes,
    bucket,
    last_minutes - first_minutes as minutes_within_bucket,
    previous_at is null as is_first,
    next_at is null and not is_final as is_last
from ordered_readings;
