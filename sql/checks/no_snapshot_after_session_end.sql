-- No session is seen live after its end
-- grain: a session that was seen live in the period, more than a quarter of an hour after its end
-- A session stays live for up to ten minutes after the last one has left, and clocks differ.
with seen as materialized (
    select
        app_id,
        session_id,
        min(started_at) as started_at,
        max(observed_at) as last_live_at
    from session_snapshots
    where status = 'LIVE'
        and slot >= $since
        and slot < $until
        and ($app_id is null or app_id = $app_id)
    group by app_id, session_id
),

final as (
    select
        app_id,
        session_id,
        arg_max(ended_at, fetched_at) as ended_at
    from session_finals
    where status = 'ENDED'
        and started_at >= (select min(started_at) - interval 1 second from seen)
        and started_at < $until
    group by app_id, session_id
)

select
    app_id,
    session_id,
    started_at,
    ended_at,
    last_live_at
from seen
join final using (app_id, session_id)
where last_live_at > ended_at + interval 15 minutes
order by session_id;
