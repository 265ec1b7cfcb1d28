-- What was fetched at one instant of a session, or of a day, is said once
-- grain: a session or a day with several rows of the same instant, so that none of them is the latest
with fetched as (
    select 'session_finals' as table_name, fetched_at, app_id, session_id, cast(null as date) as day
    from session_finals

    union all

    select 'daily_totals', fetched_at, app_id, null, day
    from daily_totals
)

select
    table_name,
    fetched_at,
    app_id,
    session_id,
    day,
    count(*) as row_count
from fetched
where fetched_at >= $since
    and fetched_at < $until
    and ($app_id is null or app_id = $app_id)
group by table_name, fetched_at, app_id, session_id, day
having row_count > 1
order by all;
