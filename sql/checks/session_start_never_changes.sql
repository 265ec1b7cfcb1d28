-- The start of a session never moves
-- grain: a session whose start was reported as instants more than a second apart
-- One API may well cut off what another tells of the same second: that moves no minutes.
with reported as (
    select app_id, session_id, started_at
    from session_snapshots
    where slot >= $since
        and slot < $until

    union all

    select app_id, session_id, started_at
    from session_finals
    where started_at < $until
        and coalesce(ended_at, updated_at, started_at) >= $since
)

select
    app_id,
    session_id,
    min(started_at) as first_start,
    max(started_at) as last_start
from reported
where $app_id is null
    or app_id = $app_id
group by app_id, session_id
having max(started_at) > min(started_at) + interval 1 second
order by session_id;
