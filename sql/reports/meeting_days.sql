-- Minutes and their possible cost per day, meeting and type of session
-- Grain: one row per day in the time zone $tz, meeting and type of session.
-- Days without a session have no row. The rows add up to the figures of the reports daily, meetings
-- and cost. So that the costs add up, they are not rounded. The title is the newest of the period.
-- final_minutes are the minutes of sessions whose final total is known.
-- Main columns: meeting, minutes, low_usd, high_usd
-- Total row: minutes, final_minutes, sessions, live_sessions, unfinished_sessions, low_usd,
-- high_usd
with usage as (
    select
        bucket as day,
        app_id,
        meeting_id,
        type,
        cast(sum(minutes) as decimal(18, 6)) as minutes,
        cast(coalesce(sum(minutes) filter (where is_final), 0) as decimal(18, 6))
            as final_minutes,
        count(*) filter (where is_start) as sessions,
        count(*) filter (where is_live) as live_sessions,
        count(*) filter (where is_unfinished) as unfinished_sessions
    from minutes_between($since, $until, $tz, 'day')
    where $app_id is null
        or app_id = $app_id
    group by bucket, app_id, meeting_id, type
)

select
    cast(usage.day as date) as day,
    meetings.meeting_display_name as meeting,
    usage.type,
    usage.minutes,
    usage.final_minutes,
    usage.sessions,
    usage.live_sessions,
    usage.unfinished_sessions,
    usage.minutes * prices.low_usd_per_minute as low_usd,
    usage.minutes * prices.high_usd_per_minute as high_usd,
    usage.meeting_id,
    usage.app_id
from usage
left join meetings_between($since, $until) as meetings using (app_id, meeting_id)
left join price_list($prices) as prices using (type)
order by usage.day, usage.minutes desc, usage.meeting_id, usage.type;
