-- Grain: one row, with the most live sessions that one run since $since found in its apps.
-- A second run of a slot counts only what the first one left open, and what is outside the list.
-- It is empty if no run since then read a list of live sessions.
select max(live + unlisted) as live
from runs
where slot > $since
    and unlisted is not null;
