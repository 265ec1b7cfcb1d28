-- Minutes per day from snapshots, after reconcile, and as Cloudflare totals them (UTC)
-- Grain: one row per app and day in UTC, whatever $tz is, as in Cloudflare's own totals.
-- The days are whole, also the first and the last one. shortfall_minutes is what snapshots alone
-- miss of Cloudflare's total. difference_minutes is what is missing after reconcile. Breakout rooms
-- are left out, since Cloudflare's totals count sessions. Cloudflare's columns are empty before the
-- first reconcile.
with from_snapshots as (
    select *
    from app_days_between($since, $until, false)
    where $app_id is null
        or app_id = $app_id
),

reconciled as (
    select *
    from app_days_between($since, $until, true)
    where $app_id is null
        or app_id = $app_id
),

cloudflare as (
    select
        app_id,
        day,
        cast(arg_max(minutes, fetched_at) as decimal(18, 6)) as minutes,
        arg_max(sessions, fetched_at) as sessions,
        max(fetched_at) as fetched_at
    from daily_totals
    where day >= cast($since at time zone 'UTC' as date)
        and day < $until at time zone 'UTC'
        and ($app_id is null or app_id = $app_id)
    group by app_id, day
)

select
    day,
    coalesce(from_snapshots.minutes, 0) as snapshot_minutes,
    coalesce(reconciled.minutes, 0) as reconciled_minutes,
    cloudflare.minutes as cloudflare_minutes,
    cloudflare.minutes - snapshot_minutes as shortfall_minutes,
    cloudflare.minutes - reconciled_minutes as difference_minutes,
    coalesce(from_snapshots.sessions, 0) as snapshot_sessions,
    coalesce(reconciled.sessions, 0) as reconciled_sessions,
    cloudflare.sessions as cloudflare_sessions,
    coalesce(reconciled.unfinished_sessions, 0) as unfinished_sessions,
    cloudflare.fetched_at as totalled_at,
    app_id
from reconciled
full join from_snapshots using (app_id, day)
full join cloudflare using (app_id, day)
order by day, app_id;
