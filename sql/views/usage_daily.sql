-- Grain: one row per meeting, day (UTC) and type of session.
-- A day without a session of the meeting has no row.
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
