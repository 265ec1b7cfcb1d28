-- A meeting has at most one snapshot per slot
-- Grain: one row per meeting and slot with several snapshots.
select
    slot,
    app_id,
    meeting_id,
    count(*) as snapshots
from session_snapshots
where slot >= $since
    and slot < $until
    and ($app_id is null or app_id = $app_id)
group by slot, app_id, meeting_id
having snapshots > 1
order by slot, meeting_id;
