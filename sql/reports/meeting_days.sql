-- Minutes and their possible cost per day, meeting and type of session
-- Grain: one row per day in the time zone $tz, meeting and type of session.
-- Days without a session have no row. The rows add up to the figures of the reports daily, meetings
-- and cost. So that the costs add up, they are not rounded. The title is the newest of the period.
with growth as (
    select
        bucket as day,
        app_id,
        meeting_id,
        type,
        cast(sum(minutes) as decimal(18, 6)) as minutes,
        count(*) filter (where is_start) as sessions,
        count(*) filter (where is_unfinished) as unfinished_sessions
    from growth_between($since, $until, $tz, 'day', true)
    where $app_id is null
        or app_id = $app_id
    group by bucket, app_id, meeting_id, type
)

select
    cast(growth.day as date) as day,
    meetings.meeting_display_name as meeting,
    growth.type,
    growth.minutes,
    growth.sessions,
    growth.unfinished_sessions,
    growth.minutes * prices.low_usd_per_minute as low_usd,
    growth.minutes * prices.high_usd_per_minute as high_usd,
    growth.meeting_id,
    growth.app_id
from growth
left join meetings_between($since, $until) as meetings using (app_id, meeting_id)
left join price_list($prices) as prices using (type)
order by growth.day, growth.minutes desc, growth.meeting_id, growth.type;
