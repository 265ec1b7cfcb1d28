-- Grain: one row per meeting of $meeting_ids of which the database holds anything.
select distinct meeting_id
from (
    select meeting_id from session_snapshots
    union all
    select meeting_id from session_finals
    union all
    select meeting_id from fetch_failures
    union all
    select meeting_id from meeting_lists
)
where meeting_id in (select unnest(cast($meeting_ids as varchar[])))
order by meeting_id;
