-- Minutes, sessions begun and the most participants at a time, a row a day
-- grain: a day in the zone $tz; empty where nothing is known of it, which is not zero
with growth as (
    select bucket as day, type, minutes, is_start, is_open
    from growth_between($since, $until, $tz, 'day', true)
    where $app_id is null
        or app_id = $app_id
),

usage as (
    select
        day,
        sum(minutes) filter (where type = 'meeting') as minutes,
        count(*) filter (where is_start and type = 'meeting') as sessions,
        sum(minutes) filter (where type = 'livestream') as livestream_minutes,
        sum(minutes) filter (where type = 'participant') as participant_minutes,
        sum(minutes) filter (where type = 'breakout') as breakout_minutes,
        sum(minutes) filter (where type not in ('meeting', 'livestream', 'participant', 'breakout')) as unknown_minutes,
        count(*) filter (where is_open) as unfinished_sessions
    from growth
    group by day
),

slots as (
    select
        slot,
        date_trunc('day', slot at time zone $tz) as day,
        sum(participants) as participants,
        count(*) as expected,
        count(*) filter (where is_loaded) as loaded
    from concurrency_between($since, $until)
    where $app_id is null
        or app_id = $app_id
    group by slot
),

seen as (
    select
        day,
        max(participants) as peak_participants,
        sum(loaded) as loaded,
        100 * sum(loaded) / sum(expected) as covered_percent
    from slots
    group by day
),

days as (
    select unnest(generate_series(min(day), max(day), interval 1 day)) as day
    from (
        select day from usage
        union all
        select day from seen
    )
)

select
    cast(day as date) as day,
    case when loaded > 0 or usage.day is not null then coalesce(minutes, 0) end as minutes,
    case when loaded > 0 or usage.day is not null then coalesce(sessions, 0) end as sessions,
    cast(peak_participants as bigint) as peak_participants,
    coalesce(livestream_minutes, 0) as livestream_minutes,
    coalesce(participant_minutes, 0) as participant_minutes,
    coalesce(breakout_minutes, 0) as breakout_minutes,
    coalesce(unknown_minutes, 0) as unknown_minutes,
    coalesce(unfinished_sessions, 0) as unfinished_sessions,
    coalesce(covered_percent, 0) as covered_percent
from days
left join usage using (day)
left join seen using (day)
order by day;
