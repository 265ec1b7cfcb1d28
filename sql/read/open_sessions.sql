-- grain: a session of the apps $app_ids that was live in a slot since $since, began before $since, and has no final
-- figures that were fetched since then: such a session is in no list of those that began since $since
-- Slots and fetches are stored in the order of their time, so that zone maps skip all before $since.
with observed as (
    select
        app_id,
        session_id,
        arg_max(meeting_id, slot) as meeting_id
    from session_snapshots
    where slot >= $since
        and least(started_at, created_at) < $since
        and app_id in (select unnest($app_ids))
    group by app_id, session_id
),

final as (
    select app_id, session_id
    from session_finals
    where fetched_at >= $since
)

select app_id, meeting_id, session_id
from observed
anti join final using (app_id, session_id)
order by all;
