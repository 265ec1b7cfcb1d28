-- Every session has a documented type: meeting, livestream or participant
-- Grain: one row per app and other type of its sessions, which may be empty.
-- Reports count the minutes of other types as unknown.
select
    app_id,
    type,
    count(distinct session_id) as sessions,
    min(reported_at) as first_reported_at,
    max(reported_at) as last_reported_at
from session_readings
where (type is null or type not in ('meeting', 'livestream', 'participant'))
    and reported_at >= $since
    and reported_at < $until
    and ($app_id is null or app_id = $app_id)
group by app_id, type
order by app_id, type;
