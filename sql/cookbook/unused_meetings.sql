-- Which meetings of our lists has nobody ever used?
-- Grain: one row per meeting of a list without a known session.
-- Theme: Meetings
select app_id, meeting_id
from (select distinct app_id, meeting_id from meeting_lists)
anti join session_snapshots using (app_id, meeting_id)
anti join session_finals using (app_id, meeting_id)
order by app_id, meeting_id;
