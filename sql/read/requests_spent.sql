-- grain: a run that ended after $since, with the requests it had spent of the API's limit by then
select finished_at, requests
from runs
where finished_at > $since
order by finished_at;
