-- No session is seen before it has started
-- grain: a snapshot more than five minutes older than its session: one of the two clocks is wrong
select
    slot,
    app_id,
    meeting_id,
    session_id,
    observed_at,
    started_at
from session_snapshots
where started_at > observed_at + interval 5 minutes
    and slot >= $since
    and slot < $until
    and ($app_id is null or app_id = $app_id)
order by slot, session_id;
