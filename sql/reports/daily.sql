-- Minutes, sessions begun and the most participants at a time, a row a day
-- grain: a day in the zone $tz; empty where nothing is known of it, which is not zero
-- Participants of several apps are added where their slots are the same, as those of runs with --every are.
with growth as (
    select bucket as day, type, minutes, is_start, is_unfinished
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
        count(*) filter (where is_unfinished) as unfinished_sessions
    from growth
    group by day
),

slots as (
    select
        slot,
        date_trunc('day', slot at time zone $tz) as day,
        sum(participants) as participants,
        count(*) as expected,
        count(*) filter (where is_observed) as known
    from concurrency_between($since, $until)
    where $app_id is null
        or app_id = $app_id
    group by slot
),

seen as (
    select
        day,
        max(participants) as peak_participants,
        sum(known) as known,
        100 * sum(known) / sum(expected) as covered_percent
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
),

told as (
    select *, known > 0 or usage.day is not null as is_told
    from days
    left join usage using (day)
    left join seen using (day)
)

select
    cast(day as date) as day,
    case when is_told then coalesce(minutes, 0) end as minutes,
    case when is_told then coalesce(sessions, 0) end as sessions,
    cast(peak_participants as bigint) as peak_participants,
    case when is_told then coalesce(livestream_minutes, 0) end as livestream_minutes,
    case when is_told then coalesce(participant_minutes, 0) end as participant_minutes,
    case when is_told then coalesce(breakout_minutes, 0) end as breakout_minutes,
    case when is_told then coalesce(unknown_minutes, 0) end as unknown_minutes,
    case when is_told then coalesce(unfinished_sessions, 0) end as unfinished_sessions,
    coalesce(covered_percent, 0) as covered_percent
from told
order by day;
