-- Grain: one row per meeting of $meeting_ids with a title that was known by the end of the period.
select
    app_id,
    meeting_id,
    arg_max(meeting_display_name, reported_at) as meeting
from session_readings
where meeting_id in (select unnest(cast($meeting_ids as varchar [])))
    and reported_at < $until
    and meeting_display_name <> ''
group by app_id, meeting_id;
