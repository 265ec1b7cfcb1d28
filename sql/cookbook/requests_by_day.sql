-- What do the runs spend of the API's limit?
-- grain: a day (UTC) of the last seven and a kind of run
select
    cast(slot at time zone 'UTC' as date) as day,
    kind,
    count(*) as runs,
    cast(sum(requests) as bigint) as requests,
    cast(sum(retries) as bigint) as retries,
    max(requests) as most_requests_a_run,
    round(sum(waited_seconds), 1) as waited_seconds
from runs
where slot >= now() - interval 7 days
group by day, kind
order by day, kind;
