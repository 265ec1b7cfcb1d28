-- grain: one row; the most sessions that a run since $since saw live, empty where there was none
select max(live + coalesce(unlisted, 0)) as live
from runs
where slot > $since;
