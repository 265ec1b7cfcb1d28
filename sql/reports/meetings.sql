-- Minutes and sessions by meeting, those with the most minutes first
-- grain: a meeting that had a session under way in the period
with growth as (
    select
        app_id,
        meeting_id,
        sum(minutes) filter (where type = 'meeting') as minutes,
        count(*) filter (where is_start and type = 'meeting') as sessions,
        sum(minutes) filter (where type = 'livestream') as livestream_minutes,
        sum(minutes) filter (where type = 'participant') as participant_minutes,
        sum(minutes) filter (where type = 'breakout') as breakout_minutes,
        sum(minutes) filter (
            where type not in ('meeting', 'livestream', 'participant', 'breakout')
        ) as unknown_minutes,
        count(*) filter (where is_unfinished) as unfinished_sessions
    from growth_between($since, $until, $tz, 'day', true)
    where $app_id is null
        or app_id = $app_id
    group by app_id, meeting_id
)

select
    meeting_display_name as meeting,
    coalesce(minutes, 0) as minutes,
    sessions,
    peak_participants,
    coalesce(livestream_minutes, 0) as livestream_minutes,
    coalesce(participant_minutes, 0) as participant_minutes,
    coalesce(breakout_minutes, 0) as breakout_minutes,
    coalesce(unknown_minutes, 0) as unknown_minutes,
    unfinished_sessions,
    last_live_at,
    meeting_id,
    app_id
from growth
left join meetings_between($since, $until) as meetings using (app_id, meeting_id)
order by minutes desc, meeting_id;
