-- Every session is a meeting, a livestream or a participant: other types stand in no figure but that of unknown minutes
-- grain: a type of an app's sessions that is none of these, or empty
with reported as (
    select app_id, session_id, type, observed_at as reported_at
    from session_snapshots

    union all

    select app_id, session_id, type, fetched_at
    from session_finals
)

select
    app_id,
    type,
    count(distinct session_id) as sessions,
    min(reported_at) as first_seen_at,
    max(reported_at) as last_seen_at
from reported
where (type is null or type not in ('meeting', 'livestream', 'participant'))
    and reported_at >= $since
    and reported_at < $until
    and ($app_id is null or app_id = $app_id)
group by app_id, type
order by app_id, type;
