-- Grain: one row per session of the apps $app_ids that started before $since, was live in a slot
-- since then, and has no final figures fetched since then.
-- The API's list of the sessions that started since $since lacks such a session.
-- Slots and fetches are stored in the order of their time, so DuckDB skips the rows before $since.
with live_sessions as (
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

ended_sessions as (
    select app_id, session_id
    from session_finals
    where fetched_at >= $since
)

select app_id, meeting_id, session_id
from live_sessions
anti join ended_sessions using (app_id, session_id)
order by all;
