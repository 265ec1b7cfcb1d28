-- The final total of a session is not below one that was seen while it was live
-- grain: a session that was seen in the period with more minutes than it is said to have had in the end
with seen as materialized (
    select
        app_id,
        session_id,
        min(started_at) as started_at,
        max(minutes_consumed) as seen_minutes
    from session_snapshots
    where slot >= $since
        and slot < $until
        and ($app_id is null or app_id = $app_id)
    group by app_id, session_id
),

final as (
    select
        app_id,
        session_id,
        arg_max(minutes_consumed, fetched_at) as final_minutes
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
    seen_minutes,
    final_minutes
from seen
join final using (app_id, session_id)
where final_minutes < seen_minutes
order by session_id;
