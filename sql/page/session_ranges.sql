-- Grain: one row per range of lengths and range of most participants, of the sessions of the type
-- meeting that started in the period. The ranges begin with least_minutes and least_participants.
-- A live session has no length yet: its least_minutes is empty. A session without final figures
-- lasted at least until it was last seen: unfinished_sessions counts those that are not live.
with lengths as (
    select
        (epoch_us(last_live_at) - epoch_us(started_at)) / 60e6 as minutes,
        max_participants as participants,
        is_live,
        not is_final and not is_live as is_unfinished
    from sessions_between($since, $until)
    where type = 'meeting'
        and started_at >= $since
        and ($app_id is null or app_id = $app_id)
)

select
    case
        when is_live then null
        when minutes < 5 then 0
        when minutes < 15 then 5
        when minutes < 30 then 15
        when minutes < 60 then 30
        when minutes < 120 then 60
        when minutes < 240 then 120
        else 240
    end as least_minutes,
    case
        when participants <= 2 then participants
        when participants <= 5 then 3
        when participants <= 10 then 6
        when participants <= 25 then 11
        when participants <= 50 then 26
        else 51
    end as least_participants,
    count(*) as sessions,
    count(*) filter (where is_unfinished) as unfinished_sessions
from lengths
group by all
order by all;
