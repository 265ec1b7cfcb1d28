-- Which meetings were used more last week, or less, than in the week before?
-- Grain: one row per meeting with usage in one of the two weeks (Monday to Sunday, UTC), the
-- largest change first.
-- Theme: Meetings
with usage as (
    select
        meeting_id,
        bucket >= date_trunc('week', now() at time zone 'UTC') - interval 7 days as is_last_week,
        minutes
    from minutes_between(
        (date_trunc('week', now() at time zone 'UTC') - interval 14 days) at time zone 'UTC',
        date_trunc('week', now() at time zone 'UTC') at time zone 'UTC',
        'UTC', 'day'
    )
    where type = 'meeting'
),

titles as (
    select meeting_id, arg_max(meeting_display_name, last_live_at) as meeting
    from meetings_between(
        (date_trunc('week', now() at time zone 'UTC') - interval 14 days) at time zone 'UTC',
        date_trunc('week', now() at time zone 'UTC') at time zone 'UTC'
    )
    group by meeting_id
),

changes as (
    select
        meeting_id,
        coalesce(sum(minutes) filter (where not is_last_week), 0) as minutes_before,
        coalesce(sum(minutes) filter (where is_last_week), 0) as minutes_last_week
    from usage
    group by meeting_id
)

select
    meeting,
    round(minutes_before, 1) as minutes_before,
    round(minutes_last_week, 1) as minutes_last_week,
    round(changes.minutes_last_week - changes.minutes_before, 1) as change,
    meeting_id
from changes
left join titles using (meeting_id)
order by abs(changes.minutes_last_week - changes.minutes_before) desc, meeting_id;
