-- grain: one of the ten sessions of the period that lasted longest, as far as it was seen or as its final figures say
-- Of each of millions of sessions nothing is kept: a sample of the slots, and ten instants at which sessions began, say how
-- long the tenth lasted at least; only what was seen after as long a time is looked at.
-- Instants are subtracted as numbers: as instants that takes fifty times as long.
with lasted as (
    select started_at, max(epoch_us(observed_at) - epoch_us(started_at)) as lasted_us
    from session_snapshots
    where slot >= $since
        and slot < $until
        and hash(slot) % 16 = 0
        and type = 'meeting'
        and ($app_id is null or app_id = $app_id)
    group by started_at

    union all

    select started_at, max(epoch_us(ended_at) - epoch_us(started_at)) as lasted_us
    from session_finals
    where started_at < $until
        and ended_at >= $since
        and type = 'meeting'
        and ($app_id is null or app_id = $app_id)
    group by started_at
),

least as (
    select case when count(*) = 10 then min(lasted_us) else 0 end as lasted_us
    from (
        select started_at, max(lasted_us) as lasted_us
        from lasted
        group by started_at
        order by lasted_us desc
        limit 10
    )
),

long as (
    select app_id, session_id, meeting_id, meeting_display_name, started_at, observed_at as seen_at, false as is_final,
        max_concurrent_participants, minutes_consumed
    from session_snapshots
    where slot >= $since
        and slot < $until
        and type = 'meeting'
        and epoch_us(observed_at) - epoch_us(started_at) >= (select lasted_us from least)

    union all by name

    select app_id, session_id, meeting_id, meeting_display_name, started_at, ended_at as seen_at, true as is_final,
        max_concurrent_participants, minutes_consumed, fetched_at
    from session_finals
    where started_at < $until
        and ended_at >= $since
        and type = 'meeting'
        and epoch_us(ended_at) - epoch_us(started_at) >= (select lasted_us from least)
)

select
    arg_max(meeting_display_name, row(is_final, fetched_at, seen_at)) as meeting,
    min(meeting_id) as meeting_id,
    app_id,
    session_id,
    arg_max(started_at, row(is_final, fetched_at, seen_at)) as started_at,
    arg_max(epoch_us(seen_at) - epoch_us(started_at), row(is_final, fetched_at, seen_at)) / 60e6 as duration_minutes,
    max(max_concurrent_participants) as peak_participants,
    arg_max(minutes_consumed, row(is_final, fetched_at, seen_at)) as minutes,
    bool_or(is_final) as is_final
from long
where $app_id is null
    or app_id = $app_id
group by app_id, session_id
order by duration_minutes desc, session_id
limit 10;
