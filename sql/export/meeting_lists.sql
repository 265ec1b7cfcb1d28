-- Grain: one row per row of the table, without a day.
select cast(null as date) as day, *
from meeting_lists
where $since < $until;
