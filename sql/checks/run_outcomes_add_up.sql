-- The meetings of a run are its live, idle and failed ones, and it does not end before its start
-- Grain: one row per run, of any app, with figures that contradict each other.
-- The meetings of a reconcile run are the sessions in the API's answers, without the failures.
select
    run_id,
    kind,
    slot,
    started_at,
    finished_at,
    meetings,
    live,
    idle,
    failed
from runs
where slot >= $since
    and slot < $until
    and (
        finished_at < started_at
        or least(meetings, live, idle, failed) < 0
        or (kind = 'snapshot' and meetings <> live + idle + failed)
    )
order by run_id;
