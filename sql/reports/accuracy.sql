-- Minutes of meetings per day, before and after reconcile; utc columns compare with Cloudflare
-- Grain: one row per app and day. The day of the first columns is that of the time zone $tz, cut at
-- the ends of the period: reconciled_minutes, other_minutes (all other types), reconciled_sessions,
-- live_sessions and unfinished_sessions add up to the figures of report daily.
-- shortfall_minutes is what snapshots alone miss of the reconciled minutes.
-- Cloudflare totals whole days in UTC, and all types. So the utc_ columns have the same day in UTC,
-- whole and with all types, also the first and the last day. Breakout rooms are left out in them,
-- since Cloudflare counts sessions. utc_difference_minutes is what is missing after reconcile.
-- Cloudflare's columns are empty before the first reconcile.
-- booking says when the API adds minutes to a session's total: on leaving, or steadily. If they are
-- booked steadily, a total never stands still between two snapshots while nobody leaves. If they
-- are booked on leaving, the total of a live session lags, and only its final total is complete.
-- stayed_growth_percent is the share of the growth that was seen while nobody left.
-- Main columns: snapshot_minutes, reconciled_minutes, shortfall_minutes,
-- utc_difference_minutes
-- Note: Meetings alone, in days of the time zone, as in report daily. The utc columns have
-- whole days in UTC and all types but breakout rooms, as Cloudflare's totals have. Booking
-- "on leaving" means that minutes are added when somebody leaves: figures of live sessions lag, and
-- only the final total is complete. "Steadily" means that minutes are added all the time:
-- snapshots miss only those after the last snapshot of a session. Cloudflare's total of a
-- day that is not over may have minutes of live sessions that their figures do not have yet. The
-- minutes of a session over midnight are split by its snapshots, so two days may differ a little.
-- Total row: snapshot_minutes, reconciled_minutes, shortfall_minutes, other_minutes, utc_minutes,
-- utc_cloudflare_minutes, utc_difference_minutes
with usage as (
    select false as has_finals, *
    from minutes_between($since, $until, $tz, 'day', false)
    where $app_id is null
        or app_id = $app_id

    union all

    select true as has_finals, *
    from minutes_between($since, $until, $tz, 'day', true)
    where $app_id is null
        or app_id = $app_id
),

local_days as (
    select
        app_id,
        cast(bucket as date) as day,
        sum(minutes) filter (where type = 'meeting' and not has_finals) as snapshot_minutes,
        sum(minutes) filter (where type = 'meeting' and has_finals) as reconciled_minutes,
        sum(minutes) filter (where type <> 'meeting' and has_finals) as other_minutes,
        count(*) filter (where type = 'meeting' and is_start and not has_finals)
            as snapshot_sessions,
        count(*) filter (where type = 'meeting' and is_start and has_finals)
            as reconciled_sessions,
        count(*) filter (where is_live and has_finals) as live_sessions,
        count(*) filter (where is_unfinished and has_finals) as unfinished_sessions
    from usage
    group by app_id, day
),

utc_days as (
    select app_id, day, minutes, sessions
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
    coalesce(local_days.snapshot_minutes, 0) as snapshot_minutes,
    coalesce(local_days.reconciled_minutes, 0) as reconciled_minutes,
    coalesce(local_days.reconciled_minutes, 0) - coalesce(local_days.snapshot_minutes, 0)
        as shortfall_minutes,
    coalesce(local_days.other_minutes, 0) as other_minutes,
    coalesce(local_days.snapshot_sessions, 0) as snapshot_sessions,
    coalesce(local_days.reconciled_sessions, 0) as reconciled_sessions,
    coalesce(local_days.live_sessions, 0) as live_sessions,
    coalesce(local_days.unfinished_sessions, 0) as unfinished_sessions,
    coalesce(utc_days.minutes, 0) as utc_minutes,
    cloudflare.minutes as utc_cloudflare_minutes,
    utc_cloudflare_minutes - utc_minutes as utc_difference_minutes,
    coalesce(utc_days.sessions, 0) as utc_sessions,
    cloudflare.sessions as utc_cloudflare_sessions,
    cloudflare.fetched_at as totalled_at,
    bookings.stayed_growth_percent,
    bookings.booking,
    app_id
from local_days
full join utc_days using (app_id, day)
full join cloudflare using (app_id, day)
left join bookings using (app_id)
order by day, app_id;
