-- A run's outcomes are its live, idle and failed meetings, and it ends no sooner than it starts
-- grain: a run, of whatever app, whose figures contradict one another
-- The meetings of a run of reconcile are the sessions that it was told of: its failures are no part of them.
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
