-- Grain: one row per run that ended after $since and not after $until, with the requests it sent.
select finished_at, requests
from runs
where finished_at > $since
    and finished_at <= $until
order by finished_at;
