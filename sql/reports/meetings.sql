-- Minutes and sessions per meeting, the most minutes first
-- Grain: one row per meeting with a session under way in the period.
-- Main columns: minutes, sessions
-- Total row: minutes, sessions, livestream_minutes, participant_minutes, breakout_minutes,
-- unknown_minutes, live_sessions, unfinished_sessions
with usage as (
    select
        app_id,
        meeting_id,
        sum(minutes) as minutes,
        sum(sessions) as sessions,
        sum(livestream_minutes) as livestream_minutes,
        sum(participant_minutes) as participant_minutes,
        sum(breakout_minutes) as breakout_minutes,
        sum(unknown_minutes) as unknown_minutes,
        sum(live_sessions) as live_sessions,
        sum(unfinished_sessions) as unfinished_sessions
    from usage_between($since, $until, $tz)
    where $app_id is null
        or app_id = $app_id
    group by app_id, meeting_id
)

select
    meeting_display_name as meeting,
    coalesce(minutes, 0) as minutes,
    cast(sessions as bigint) as sessions,
    peak_participants,
    coalesce(livestream_minutes, 0) as livestream_minutes,
    coalesce(participant_minutes, 0) as participant_minutes,
    coalesce(breakout_minutes, 0) as breakout_minutes,
    coalesce(unknown_minutes, 0) as unknown_minutes,
    cast(live_sessions as bigint) as live_sessions,
    cast(unfinished_sessions as bigint) as unfinished_sessions,
    last_live_at,
    meeting_id,
    app_id
from usage
left join meetings_between($since, $until) as meetings using (app_id, meeting_id)
order by minutes desc, meeting_id;
