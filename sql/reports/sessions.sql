-- Every session under way in the period: when, how long, its minutes in the period and in total
-- Grain: one row per session or breakout room. Its minutes are a lower bound until is_final.
-- If it has ended and ended_at is empty, the API does not say when: its duration is a lower bound.
-- A session without a title is named by the ID of its meeting.
-- A session that was reported before its start has a duration of 0: one of two clocks is wrong.
-- Main columns: meeting, type, minutes
-- Total row: minutes
with placed as (
    select app_id, session_id, sum(minutes) as minutes
    from minutes_between($since, $until, $tz, 'day')
    where $app_id is null
        or app_id = $app_id
    group by app_id, session_id
)

select
    started_at,
    ended_at,
    coalesce(meeting_display_name, meeting_id) as meeting,
    type,
    placed.minutes,
    sessions.minutes as total_minutes,
    max_participants as peak_participants,
    greatest(epoch(last_live_at) - epoch(started_at), 0) / 60 as duration_minutes,
    is_live,
    is_final,
    snapshots,
    session_id,
    meeting_id,
    app_id
from placed
join sessions_between($since, $until) as sessions using (app_id, session_id)
order by started_at, session_id;
