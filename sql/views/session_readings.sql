-- Grain: one row per session and reading of its figures, without breakout rooms. A reading is a row
-- of session_snapshots, or a row of session_finals.
-- session_and_breakout_readings adds the breakout rooms.
-- Readings of wrong_clock_runs do not count, nor do readings dated in the future. To compare
-- instants costs nothing, and almost no run is in wrong_clock_runs.
create or replace view session_readings as
select
    'snapshot' as source,
    observed_at as reported_at,
    * exclude (run_id, slot, observed_at)
from session_snapshots
anti join wrong_clock_runs using (run_id)
where observed_at <= now()

union all by name

select
    'final' as source,
    fetched_at as reported_at,
    * exclude (run_id, fetched_at)
from session_finals
anti join wrong_clock_runs using (run_id)
where fetched_at <= now();
