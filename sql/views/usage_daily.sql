-- grain: a meeting's day (UTC) and type of session in which minutes were consumed or a session was seen
create or replace view usage_daily as
select
    app_id,
    meeting_id,
    type,
    day,
    count(*) as sessions,
    sum(minutes) as minutes
from session_days
group by app_id, meeting_id, type, day;
