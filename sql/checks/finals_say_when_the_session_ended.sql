-- The final figures of a session say when it ended
-- Grain: one row per ended session without an end, fetched in the period.
-- Reports then let the session last to its last snapshot, and at least until its minutes were
-- possible (last_live_at of the view sessions). An end that could not be read is in extra.
select
    app_id,
    session_id,
    arg_max(started_at, fetched_at) as started_at,
    max(fetched_at) as fetched_at,
    arg_max(extra ->> 'ended_at', fetched_at) as unreadable_end
from session_finals
where fetched_at >= $since
    and fetched_at < $until
    and ($app_id is null or app_id = $app_id)
group by app_id, session_id
having max(ended_at) is null
order by session_id;
