-- Sessions live at the end of the period: now, unless --until says otherwise
-- Grain: one row per session that the newest snapshot of its meeting observed, see live_at. Only
-- snapshots of the period count. live_sessions in report daily is the number of these rows.
-- Note: A session that the newest snapshot observed is left out if its final figures say that it
-- has ended since.
-- Main columns: meeting, participants, minutes
-- Total row: participants
select
    slot,
    meeting_display_name as meeting,
    type,
    live_participants as participants,
    max_concurrent_participants as peak_participants,
    minutes_consumed as minutes,
    started_at,
    meeting_id,
    session_id,
    app_id
from live_at($until)
where observed_at >= $since
    and ($app_id is null or app_id = $app_id)
order by live_participants desc, started_at, session_id;
