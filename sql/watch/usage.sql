-- Grain: one row, with the minutes of meetings that snapshots of the period saw booked, and the
-- sessions that started in it.
-- Reports know more of a day of last week than of today: final totals, and minutes booked later. So
-- the growth of totals within the period is what makes two days comparable. It also reads no other
-- day. Of a session from before the period, its last total of the hour before is subtracted.
with sessions as (
    select
        app_id,
        session_id,
        min(started_at) as started_at,
        max(minutes_consumed) filter (where slot < $since) as earlier_minutes,
        min(minutes_consumed) filter (where slot >= $since) as first_minutes,
        max(minutes_consumed) filter (where slot >= $since) as last_minutes
    from session_snapshots
    where slot >= $since - interval 1 hour
        and slot < $until
        and type = 'meeting'
        and ($app_id is null or app_id = $app_id)
    group by app_id, session_id
),

booked as (
    select
        started_at,
        last_minutes - coalesce(
            earlier_minutes,
            case when started_at < $since then first_minutes else 0 end
        ) as minutes
    from sessions
    where last_minutes is not null
)

select
    coalesce(sum(minutes), 0) as minutes,
    count(*) filter (where started_at >= $since) as sessions
from booked;
