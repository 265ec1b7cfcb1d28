-- What failed, and when?
-- Grain: one row per day (UTC) of the last fourteen and kind of failure.
-- Theme: Is anything missing
select
    cast(slot at time zone 'UTC' as date) as day,
    kind,
    count(*) as failures,
    count(distinct meeting_id) as meetings
from fetch_failures
where slot >= now() - interval 14 days
group by day, kind
order by day, kind;
