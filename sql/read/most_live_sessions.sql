-- grain: one row; the most sessions that a run since $since saw live on the lists of its apps, empty where none read them
select max(live + unlisted) as live
from runs
where slot > $since
    and unlisted is not null;
