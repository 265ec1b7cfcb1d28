-- Participants, sessions and minutes are finite numbers, and not negative
-- Grain: one row per stored row with a figure below zero or not finite.
with figures as (
    select
        'session_snapshots' as table_name,
        observed_at as reported_at,
        app_id,
        session_id,
        cast(null as date) as day,
        minutes_consumed as minutes,
        least(live_participants, max_concurrent_participants) as least_count
    from session_snapshots

    union all

    select
        'session_finals',
        fetched_at,
        app_id,
        session_id,
        null,
        minutes_consumed,
        least(live_participants, max_concurrent_participants)
    from session_finals

    union all

    select 'daily_totals', fetched_at, app_id, null, day, minutes, sessions
    from daily_totals
)

select *
from figures
where (least_count < 0 or minutes < 0 or not isfinite(minutes))
    and reported_at >= $since
    and reported_at < $until
    and ($app_id is null or app_id = $app_id)
order by reported_at, table_name, session_id, day;
