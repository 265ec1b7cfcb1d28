-- How long do sessions last?
-- Grain: one row per range of lengths, of the ended sessions of the last 30 days.
-- Only sessions with a final total and an end are counted.
-- Theme: Sessions
with lengths as (
    select
        (epoch(ended_at) - epoch(started_at)) / 60 as length,
        minutes
    from sessions_between(now() - interval 30 days, now())
    where is_final
        and ended_at is not null
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
