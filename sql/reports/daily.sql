-- Minutes, started sessions and the most participants at a time, per day
-- Grain: one row per day in the time zone $tz. Empty is not zero: nothing is known of such a day.
-- live_sessions were live at the end of the period, on their last day. unfinished_sessions are not
-- live and have no final total: their minutes are a lower bound.
-- Days without data are rows as well, except in a gap of more than 366 days.
-- The participants of several apps are added where their slots are the same, as with --every.
-- Main columns: minutes, sessions, peak_participants
-- Total row: minutes, sessions, livestream_minutes, participant_minutes, breakout_minutes,
-- unknown_minutes, live_sessions, unfinished_sessions
with usage as (
    select
        day,
        sum(minutes) as minutes,
        sum(sessions) as sessions,
        sum(livestream_minutes) as livestream_minutes,
        sum(participant_minutes) as participant_minutes,
        sum(breakout_minutes) as breakout_minutes,
        sum(unknown_minutes) as unknown_minutes,
        sum(live_sessions) as live_sessions,
        sum(unfinished_sessions) as unfinished_sessions
    from usage_between($since, $until, $tz)
    where $app_id is null
        or app_id = $app_id
    group by day
),

slots as (
    select
        slot,
        date_trunc('day', slot at time zone $tz) as day,
        sum(participants) as participants,
        count(*) as expected_slots,
        count(*) filter (where is_observed) as observed_slots
    from concurrency_between($since, $until)
    where $app_id is null
        or app_id = $app_id
    group by slot
),

slot_days as (
    select
        day,
        max(participants) as peak_participants,
        sum(observed_slots) as observed_slots,
        100 * sum(observed_slots) / sum(expected_slots) as covered_percent
    from slots
    group by day
),

days_with_data as (
    select day from usage
    union
    select day from slot_days
),

next_days as (
    select day, lead(day) over (order by day) as next_day
    from days_with_data
),

all_days as (
    select day from days_with_data
    union all
    select unnest(steps_between(day, next_day, interval 1 day)) as day
    from next_days
),

joined as (
    select *, observed_slots > 0 or usage.day is not null as has_data
    from all_days
    left join usage using (day)
    left join slot_days using (day)
)

select
    cast(day as date) as day,
    case when has_data then coalesce(minutes, 0) end as minutes,
    case when has_data then cast(coalesce(sessions, 0) as bigint) end as sessions,
    cast(peak_participants as bigint) as peak_participants,
    case when has_data then coalesce(livestream_minutes, 0) end as livestream_minutes,
    case when has_data then coalesce(participant_minutes, 0) end as participant_minutes,
    case when has_data then coalesce(breakout_minutes, 0) end as breakout_minutes,
    case when has_data then coalesce(unknown_minutes, 0) end as unknown_minutes,
    case when has_data then cast(coalesce(live_sessions, 0) as bigint) end as live_sessions,
    case when has_data then cast(coalesce(unfinished_sessions, 0) as bigint) end
        as unfinished_sessions,
    coalesce(covered_percent, 0) as covered_percent
from joined
order by day;
