-- No snapshot shows a session live after its end
-- Grain: one row per session that was live in the period, more than 15 minutes after its end.
-- A session stays live for up to ten minutes after its last participant has left. Clocks differ.
-- Finals of sessions that started long before those of the period are not read.
with live_sessions as (
    select
        app_id,
        session_id,
        min(started_at) as started_at,
        max(observed_at) as last_live_at
    from session_snapshots
    where slot >= $since
        and slot < $until
        and ($app_id is null or app_id = $app_id)
    group by app_id, session_id
)

select
    app_id,
    session_id,
    live_sessions.started_at,
    arg_max(finals.ended_at, finals.fetched_at) as ended_at,
    live_sessions.last_live_at
from live_sessions
join session_finals as finals using (app_id, session_id)
where finals.started_at >= (
    select coalesce(min(started_at), $since) - interval 1 hour from live_sessions
)
group by all
having last_live_at > ended_at + interval 15 minutes
order by session_id;
