-- Which meetings changed their title?
-- Grain: one row per title of a meeting with several titles in the last 90 days.
-- Theme: Meetings
select
    meeting_id,
    meeting_display_name as meeting,
    min(slot) as first_observed_at,
    max(slot) as last_observed_at
from session_snapshots
where slot >= now() - interval 90 days
    and meeting_display_name is not null
group by app_id, meeting_id, meeting_display_name
qualify count(*) over (partition by app_id, meeting_id) > 1
order by app_id, meeting_id, first_observed_at;
