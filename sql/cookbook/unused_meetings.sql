-- Which meetings of our lists has nobody ever used?
-- grain: a meeting that some run was asked for, and of which no session is known
select app_id, meeting_id
from (select distinct app_id, meeting_id from meeting_lists)
anti join session_snapshots using (app_id, meeting_id)
anti join session_finals using (app_id, meeting_id)
order by app_id, meeting_id;
