-- How long do sessions last?
-- grain: a range of lengths, of the sessions of the last 30 days that have ended and whose final total is known
with lengths as (
    select
        (epoch(ended_at) - epoch(started_at)) / 60 as length,
        minutes
    from sessions_between(now() - interval 30 days, now())
    where is_final
        and type = 'meeting'
)

select
    case
        when length < 5 then 'under 5 minutes'
        when length < 30 then '5 to 30 minutes'
        when length < 60 then '30 to 60 minutes'
        when length < 120 then '1 to 2 hours'
        else '2 hours and more'
    end as lasted,
    count(*) as sessions,
    round(sum(minutes), 1) as minutes
from lengths
group by lasted
order by min(length);
