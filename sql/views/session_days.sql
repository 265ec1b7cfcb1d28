-- Grain: one row per session and day (UTC) in which its total grew or a snapshot observed it.
-- The days of a session add up to its total, exactly. For another time zone, or for the cost of one
-- period only, call the macro minutes_between(since, until, 'Europe/Berlin', 'day').
create or replace view session_days as
select
    app_id,
    min(meeting_id) as meeting_id,
    session_id,
    min(type) as type,
    cast(bucket as date) as day,
    sum(minutes) as minutes
from minutes_between(timestamptz '-infinity', timestamptz 'infinity', 'UTC', 'day')
group by app_id, session_id, bucket;
