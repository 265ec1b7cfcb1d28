-- A session belongs to one meeting only
-- grain: a session that was stored under several meetings, of which it names the first and the last by name
with reported as (
    select app_id, session_id, meeting_id
    from session_snapshots
    where slot >= $since
        and slot < $until

    union all

    select app_id, session_id, meeting_id
    from session_finals
    where started_at < $until
        and coalesce(ended_at, updated_at, started_at) >= $since
)

select
    app_id,
    session_id,
    min(meeting_id) as meeting_id,
    max(meeting_id) as other_meeting_id
from reported
where $app_id is null
    or app_id = $app_id
group by app_id, session_id
having min(meeting_id) <> max(meeting_id)
order by session_id;
