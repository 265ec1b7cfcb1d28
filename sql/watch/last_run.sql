-- Grain: one row, the newest run of a job that was not erased and is not in the future. Without a
-- run there is no row.
select
    kind,
    slot,
    started_at,
    finished_at,
    meetings,
    live,
    idle,
    failed
from runs
where kind in ('snapshot', 'reconcile')
    and started_at <= $now
order by started_at desc
limit 1;
