-- Grain: one row, with what is live as far as the newest snapshots tell. slot is that of the oldest
-- one among them, and empty if nothing is live.
select
    min(slot) as slot,
    count(*) filter (where type = 'meeting') as sessions,
    cast(coalesce(sum(live_participants) filter (where type = 'meeting'), 0) as bigint)
        as participants,
    count(*) filter (where type <> 'meeting') as other_sessions
from live_now
where $app_id is null
    or app_id = $app_id;
