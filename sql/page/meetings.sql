-- Grain: one row per meeting, with its title and peak, as in the report meetings.
-- The report itself would compute the minutes of the period a second time.
select
    app_id,
    meeting_id,
    meeting_display_name as meeting,
    peak_participants
from meetings_between($since, $until);
