-- Minutes and what they may cost by day, meeting and type of session
-- grain: a meeting's day in the zone $tz and type of session; days without a session are left out
-- Its rows add up to the figures of the reports daily, meetings and cost. The costs are not rounded,
-- so that they add up, too. The title is the newest one of the period.
with growth as (
    select
        bucket,
        app_id,
        meeting_id,
        type,
        sum(minutes) as minutes,
        count(*) filter (where is_start) as sessions,
        count(*) filter (where is_unfinished) as unfinished_sessions
    from growth_between($since, $until, $tz, 'day', true)
    where $app_id is null
        or app_id = $app_id
    group by bucket, app_id, meeting_id, type
)

select
    cast(growth.bucket as date) as day,
    meetings.meeting_display_name as meeting,
    growth.type,
    cast(growth.minutes as decimal(18, 6)) as minutes,
    growth.sessions,
    growth.unfinished_sessions,
    cast(growth.minutes as decimal(18, 6)) * prices.low_usd_per_minute as low_usd,
    cast(growth.minutes as decimal(18, 6)) * prices.high_usd_per_minute as high_usd,
    growth.meeting_id,
    growth.app_id
from growth
left join meetings_between($since, $until) as meetings using (app_id, meeting_id)
left join read_csv($prices, header = true, columns = {
    'type': 'varchar',
    'low_usd_per_minute': 'decimal(12, 6)',
    'high_usd_per_minute': 'decimal(12, 6)',
    'note': 'varchar'
}) as prices using (type)
order by day, minutes desc, meeting_id, type;
