-- grain: what the API said once of a session: in a snapshot, or after the session's end
-- A view of its own, since session_and_breakout_readings reads it twice: as a part of that it would be made as a whole each time, and
-- no filter would reach the tables.
create or replace view session_readings as
select
    'snapshot' as source,
    observed_at as reported_at,
    * exclude (run_id, slot, observed_at)
from session_snapshots

union all by name

select
    'final' as source,
    fetched_at as reported_at,
    * exclude (run_id, fetched_at)
from session_finals
where status = 'ENDED';
