-- Which hours of the last 30 days were the busiest?
-- Grain: one row per hour (UTC), the ten with the most minutes.
-- Theme: When
select
    bucket as hour_utc,
    round(sum(minutes), 1) as minutes,
    count(distinct session_id) filter (where minutes > 0) as sessions
from minutes_between(now() - interval 30 days, now(), 'UTC', 'hour')
where type = 'meeting'
group by bucket
order by minutes desc, hour_utc
limit 10;
