-- In how many sessions was there never more than one participant?
-- grain: a meeting, the ten with the most of them in the last 30 days
-- What was joined after the last snapshot is known only where a session is final.
select
    arg_max(meeting_display_name, started_at) as meeting,
    count(*) filter (where max_participants <= 1) as sessions_alone,
    count(*) as sessions,
    round(100 * sessions_alone / sessions, 1) as alone_percent,
    meeting_id
from sessions_between(now() - interval 30 days, now())
where type = 'meeting'
group by meeting_id
having sessions_alone > 0
order by sessions_alone desc, meeting_id
limit 10;
