-- Grain: one row per meeting list of the snapshots since $since, the newest first.
select list_id, max(slot) as slot
from runs
where kind = 'snapshot'
    and slot >= $since
group by list_id
order by slot desc;
