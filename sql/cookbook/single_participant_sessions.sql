-- In which sessions was there never more than one participant, and how long?
-- Grain: one row per meeting, the ten with the most such sessions in the last 30 days.
-- Participants who join after the last snapshot are known only from final figures.
-- Theme: Sessions
select
    arg_max(meeting_display_name, started_at) as meeting,
    count(*) filter (where max_participants <= 1) as single_participant_sessions,
    round(sum(minutes) filter (where max_participants <= 1), 1) as single_participant_minutes,
    count(*) as sessions,
    round(100 * single_participant_sessions / sessions, 1) as single_participant_percent,
    meeting_id
from sessions_between(now() - interval 30 days, now())
where type = 'meeting'
group by meeting_id
having single_participant_sessions > 0
order by single_participant_sessions desc, meeting_id
limit 10;
