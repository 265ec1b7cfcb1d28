-- No session ends before it starts
-- grain: what was said once of a session that does
with reported as (
    select 'session_snapshots' as table_name, observed_at as reported_at, app_id, session_id, started_at, ended_at
    from session_snapshots
    where ended_at < started_at
        and observed_at >= $since
        and observed_at < $until

    union all

    select 'session_finals', fetched_at, app_id, session_id, started_at, ended_at
    from session_finals
    where ended_at < started_at
        and fetched_at >= $since
        and fetched_at < $until
)

select *
from reported
where $app_id is null
    or app_id = $app_id
order by reported_at, session_id;
