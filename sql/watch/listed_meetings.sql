-- Grain: one row per meeting of a list.
select app_id, meeting_id
from meeting_lists
where list_id = $list_id;
