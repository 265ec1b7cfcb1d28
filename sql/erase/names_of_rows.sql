-- Grain: one row per ID of a meeting or session of the app $app_id, of the meetings $meeting_ids
-- and of the sessions $session_ids.
with rows_of_sessions as (
    select app_id, meeting_id, session_id from session_snapshots
    union all
    select app_id, meeting_id, session_id from session_finals
    union all
    select app_id, meeting_id, null from meeting_lists
    union all
    select app_id, meeting_id, null from fetch_failures
),

of_meetings as (
    select distinct meeting_id, session_id
    from rows_of_sessions
    where app_id = $app_id
        or meeting_id in (select unnest(cast($meeting_ids as varchar[])))
)

select distinct name
from (
    select meeting_id as name from of_meetings
    union all
    select session_id from of_meetings
    union all
    select unnest(cast($session_ids as varchar[]))
    union all
    select $app_id
)
where name is not null
    and name <> '*'
order by name;
