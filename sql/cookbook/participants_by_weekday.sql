-- How many participants are there on average, by weekday?
-- Grain: one row per weekday (UTC), over the last four weeks.
-- Snapshots whose meetings mostly failed are left out: they would count absent data as nobody.
-- Theme: When
with slots as (
    select slot, sum(sessions) as sessions, sum(participants) as participants
    from concurrency_between(now() - interval 28 days, now())
    where is_loaded
        and slot in (select slot from runs where kind = 'snapshot' and live + idle > failed)
    group by slot
)

select
    dayname(slot at time zone 'UTC') as weekday,
    count(*) as snapshots,
    round(avg(sessions), 1) as mean_sessions,
    round(avg(participants), 1) as mean_participants,
    cast(max(participants) as bigint) as most_participants
from slots
group by weekday, isodow(slot at time zone 'UTC')
order by isodow(slot at time zone 'UTC');
