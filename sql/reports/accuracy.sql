-- Minutes from snapshots, after reconciling, and as Cloudflare totals them, a row a day (UTC)
-- grain: an app's day in UTC, whatever $tz, since Cloudflare's own totals are by such days; whole days, also at the period's ends
-- shortfall is what snapshots alone miss of Cloudflare's total, difference what is still missing after reconcile. Breakout
-- rooms are left out, since Cloudflare's totals count sessions. No total is known before a reconcile has asked for it.
with observed as (
    select app_id, bucket as day, sum(minutes) as minutes, count(*) filter (where is_start) as sessions
    from growth_between(
        date_trunc('day', $since at time zone 'UTC') at time zone 'UTC',
        date_trunc('day', $until at time zone 'UTC' + interval 1 day - interval 1 microsecond) at time zone 'UTC',
        'UTC', 'day', false
    )
    where type <> 'breakout'
        and ($app_id is null or app_id = $app_id)
    group by app_id, day
),

reconciled as (
    select
        app_id,
        bucket as day,
        sum(minutes) as minutes,
        count(*) filter (where is_start) as sessions,
        count(*) filter (where is_unfinished) as unfinished_sessions
    from growth_between(
        date_trunc('day', $since at time zone 'UTC') at time zone 'UTC',
        date_trunc('day', $until at time zone 'UTC' + interval 1 day - interval 1 microsecond) at time zone 'UTC',
        'UTC', 'day', true
    )
    where type <> 'breakout'
        and ($app_id is null or app_id = $app_id)
    group by app_id, day
),

cloudflare as (
    select
        app_id,
        cast(day as timestamp) as day,
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
    cast(day as date) as day,
    coalesce(observed.minutes, 0) as snapshot_minutes,
    coalesce(reconciled.minutes, 0) as reconciled_minutes,
    cloudflare.minutes as cloudflare_minutes,
    cloudflare.minutes - snapshot_minutes as shortfall_minutes,
    cloudflare.minutes - reconciled_minutes as difference_minutes,
    coalesce(observed.sessions, 0) as snapshot_sessions,
    coalesce(reconciled.sessions, 0) as reconciled_sessions,
    cloudflare.sessions as cloudflare_sessions,
    coalesce(unfinished_sessions, 0) as unfinished_sessions,
    cloudflare.fetched_at as totalled_at,
    app_id
from reconciled
full join observed using (app_id, day)
full join cloudflare using (app_id, day)
order by day, app_id;
