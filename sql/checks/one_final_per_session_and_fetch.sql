-- A session and a day have at most one row per instant of fetching
-- Grain: one row per session, or per app and day, with several rows fetched at the same instant.
-- The newest row of a session or day counts, and here none is the newest.
with fetched_rows as (
    select
        'session_finals' as table_name,
        fetched_at,
        app_id,
        session_id,
        cast(null as date) as day
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
from fetched_rows
where fetched_at >= $since
    and fetched_at < $until
    and ($app_id is null or app_id = $app_id)
group by table_name, fetched_at, app_id, session_id, day
having row_count > 1
order by all;
