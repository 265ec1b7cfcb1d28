-- Grain: one row, with the number of readings of sessions that are dated in the future.
-- session_readings leaves them out. $app_id is an app, or null for all apps.
select
    (
        select count(*)
        from session_snapshots
        where observed_at > now()
            and ($app_id is null or app_id = $app_id)
    ) + (
        select count(*)
        from session_finals
        where fetched_at > now()
            and ($app_id is null or app_id = $app_id)
    ) as readings;
