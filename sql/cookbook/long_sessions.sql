-- Which sessions lasted longer than three hours?
-- Grain: one row per session of the last 30 days, the ten longest.
-- A session without a final total lasted at least as long.
-- Theme: Sessions
select
    meeting_display_name as meeting,
    started_at,
    round((epoch(last_live_at) - epoch(started_at)) / 3600, 2) as hours,
    round(minutes, 1) as minutes,
    max_participants,
    is_final
from sessions_between(now() - interval 30 days, now())
where type = 'meeting'
    and last_live_at > started_at + interval 3 hours
order by hours desc, started_at
limit 10;
