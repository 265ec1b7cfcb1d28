-- How much of the API's limit do the runs use?
-- Grain: one row per day (UTC) of the last seven and kind of run.
-- Theme: Is anything missing
select
    cast(slot at time zone 'UTC' as date) as day,
    kind,
    count(*) as runs,
    cast(sum(requests) as bigint) as requests,
    cast(sum(retries) as bigint) as retries,
    max(requests) as most_requests_per_run,
    round(sum(waited_seconds), 1) as waited_seconds
from runs
where slot >= now() - interval 7 days
group by day, kind
order by day, kind;
