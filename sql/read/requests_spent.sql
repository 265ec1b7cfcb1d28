-- Grain: one row per run that ended after $since, with the requests it sent.
select finished_at, requests
from runs
where finished_at > $since
order by finished_at;
