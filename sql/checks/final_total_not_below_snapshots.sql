-- The final total of a session is not below its total in a snapshot
-- Grain: one row per session with more minutes in a snapshot of the period than at its end.
-- Finals of sessions that started long before those of the period are not read. Clocks differ.
with observed as (
    select
        app_id,
        session_id,
        min(started_at) as started_at,
        max(minutes_consumed) as observed_minutes
    from session_snapshots
    where slot >= $since
        and slot < $until
        and ($app_id is null or app_id = $app_id)
    group by app_id, session_id
)

select
    app_id,
    session_id,
    observed.started_at,
    observed.observed_minutes,
    arg_max(finals.minutes_consumed, finals.fetched_at) as final_minutes
from observed
join session_finals as finals using (app_id, session_id)
where finals.started_at >= (
    select coalesce(min(started_at), $since) - interval 1 hour from observed
)
group by all
having final_minutes < observed_minutes
order by session_id;
