-- Grain: one row per app and day (UTC) that the period touches. The days are whole, also the first
-- and the last one, as in Cloudflare's own totals. Breakout rooms are left out, since Cloudflare's
-- totals count sessions.
create or replace macro app_days_between(since, until, with_finals) as table
select
    app_id,
    cast(bucket as date) as day,
    sum(minutes) as minutes,
    count(*) filter (where is_start) as sessions,
    count(*) filter (where is_live) as live_sessions,
    count(*) filter (where is_unfinished) as unfinished_sessions
from minutes_between(
    date_trunc('day', since at time zone 'UTC') at time zone 'UTC',
    date_trunc('day', until at time zone 'UTC' + interval 1 day - interval 1 microsecond)
        at time zone 'UTC',
    'UTC',
    'day',
    with_finals
)
where type <> 'breakout'
group by app_id, day;
