-- Grain: one row, with the first snapshot, the newest reconciliation that learned something, and
-- how much is stored. recent_rows are the snapshots of sessions that runs since $since counted.
select
    min(slot) filter (where kind = 'snapshot') as first_slot,
    max(started_at) filter (
        where kind = 'reconcile' and started_at <= $now and (meetings > 0 or failed = 0)
    ) as reconciled_at,
    cast(coalesce(sum(live) filter (where kind = 'snapshot' and slot >= $since), 0) as bigint)
        as recent_rows,
    (select count(*) from session_snapshots) as stored_rows
from runs;
