-- Which ten meetings used the most minutes last week?
-- Grain: one row per meeting; last week is the one from Monday to Sunday (UTC).
-- Theme: How much
with usage as (
    select meeting_id, sum(minutes) as minutes, count(*) filter (where is_start) as sessions
    from minutes_between(
        (date_trunc('week', now() at time zone 'UTC') - interval 7 days) at time zone 'UTC',
        date_trunc('week', now() at time zone 'UTC') at time zone 'UTC',
        'UTC', 'day', true
    )
    where type = 'meeting'
    group by meeting_id
),

titles as (
    select meeting_id, arg_max(meeting_display_name, last_live_at) as meeting
    from meetings_between(
        (date_trunc('week', now() at time zone 'UTC') - interval 7 days) at time zone 'UTC',
        date_trunc('week', now() at time zone 'UTC') at time zone 'UTC'
    )
    group by meeting_id
)

select
    meeting,
    round(minutes, 1) as minutes,
    sessions,
    meeting_id
from usage
left join titles using (meeting_id)
order by usage.minutes desc, meeting_id
limit 10;
