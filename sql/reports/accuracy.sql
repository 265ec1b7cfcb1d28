-- Minutes per day from snapshots, after reconcile, and as Cloudflare totals them (UTC)
-- Grain: one row per app and day in UTC, whatever $tz is, as in Cloudflare's own totals.
-- The days are whole, also the first and the last one. shortfall_minutes is what snapshots alone
-- miss of Cloudflare's total. difference_minutes is what is missing after reconcile. Breakout rooms
-- are left out, since Cloudflare's totals count sessions. Cloudflare's columns are empty before the
-- first reconcile.
-- booking says when the API adds minutes to a session's total: on leaving, or steadily. If they are
-- booked steadily, a total never stands still between two snapshots while nobody leaves. If they
-- are booked on leaving, the total of a live session lags, and only its final total is complete.
-- stayed_growth_percent is the share of the growth that was seen while nobody left.
-- Total row: snapshot_minutes, reconciled_minutes, cloudflare_minutes, shortfall_minutes,
-- difference_minutes
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
),

-- A sample of the sessions is enough: the window below is slow for millions of rows.
sampled_snapshots as (
    select
        app_id,
        minutes_consumed,
        live_participants,
        lag(minutes_consumed) over by_time as previous_minutes,
        lag(live_participants) over by_time as previous_participants
    from session_snapshots
    where observed_at >= $since
        and observed_at < $until
        and ($app_id is null or app_id = $app_id)
        and hash(session_id) % (
            select 1 + count(*) // 200_000
            from session_snapshots
            where observed_at >= $since
                and observed_at < $until
        ) = 0
    window by_time as (partition by app_id, session_id order by observed_at)
),

steps as (
    select
        *,
        live_participants >= previous_participants and previous_participants > 0 as has_stayed
    from sampled_snapshots
),

growth as (
    select
        app_id,
        sum(minutes_consumed - previous_minutes) as minutes,
        sum(minutes_consumed - previous_minutes) filter (where has_stayed) as stayed_minutes,
        count(*) filter (where has_stayed) as stayed_steps,
        count(*) filter (where has_stayed and minutes_consumed = previous_minutes) as still_steps
    from steps
    group by app_id
),

bookings as (
    select
        app_id,
        100 * coalesce(stayed_minutes, 0) / minutes as stayed_growth_percent,
        case
            when still_steps > stayed_steps / 20 then 'on leaving'
            when still_steps < stayed_steps / 100 then 'steadily'
            else 'not clear'
        end as booking
    from growth
    where minutes > 0
        and stayed_steps >= 20
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
    coalesce(reconciled.live_sessions, 0) as live_sessions,
    coalesce(reconciled.unfinished_sessions, 0) as unfinished_sessions,
    cloudflare.fetched_at as totalled_at,
    bookings.stayed_growth_percent,
    bookings.booking,
    app_id
from reconciled
full join from_snapshots using (app_id, day)
full join cloudflare using (app_id, day)
left join bookings using (app_id)
order by day, app_id;
