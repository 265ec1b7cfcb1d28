-- Grain: one row per session of $session_ids, or session with a breakout room of $session_ids.
with rows_of_sessions as (
    select session_id, breakout_rooms from session_snapshots
    union all
    select session_id, breakout_rooms from session_finals
),

wanted as (
    select unnest(cast($session_ids as varchar[])) as wanted_id
)

select distinct wanted_id, session_id
from rows_of_sessions
join wanted
    on session_id = wanted_id
    or contains(cast(breakout_rooms as varchar), concat('"', wanted_id, '"'))
order by wanted_id, session_id = wanted_id desc, session_id;
