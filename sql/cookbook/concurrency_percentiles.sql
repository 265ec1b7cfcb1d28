-- How many sessions and participants are there at a time: usually, at busy times, at most?
-- Grain: one row for sessions and one for participants, over the snapshots of the last 30 days.
-- Snapshots whose meetings mostly failed are left out: they would count absent data as nobody.
-- Theme: When
with slots as (
    select slot, sum(sessions) as sessions, sum(participants) as participants
    from concurrency_between(now() - interval 30 days, now())
    where is_loaded
        and slot in (select slot from runs where kind = 'snapshot' and live + idle > failed)
    group by slot
),

counts as (
    select 'sessions' as counted, sessions as count from slots
    union all
    select 'participants', participants from slots
)

select
    counted,
    cast(quantile_disc(count, 0.5) as bigint) as median,
    cast(quantile_disc(count, 0.95) as bigint) as p95,
    cast(quantile_disc(count, 0.99) as bigint) as p99,
    cast(max(count) as bigint) as most
from counts
group by counted
order by counted desc;
