-- Grain: one row per session, the ten longest of the period, with the figures of report sessions.
-- The report would sort millions of sessions to find ten. This query first reads a sample of the
-- slots, to learn how long the tenth longest session lasts at least. Then it reads only what was
-- observed of sessions after they had lasted as long. Durations are differences of whole numbers,
-- which are fifty times as fast as differences of instants.
with readings as (
    select
        app_id,
        session_id,
        meeting_id,
        meeting_display_name,
        started_at,
        cast(null as timestamptz) as ended_at,
        observed_at as last_at,
        observed_at as reported_at,
        false as is_final,
        max_concurrent_participants,
        minutes_consumed,
        hash(slot) % 16 = 0 as is_sampled,
        observed_at < $until as is_within_period
    from session_snapshots
    anti join wrong_clock_runs using (run_id)
    where observed_at >= $since
        and observed_at <= now()
        and (started_at < $until or observed_at < $until)
        and type = 'meeting'
        and ($app_id is null or app_id = $app_id)

    union all

    select
        app_id,
        session_id,
        meeting_id,
        meeting_display_name,
        started_at,
        ended_at,
        coalesce(ended_at, earliest_end_at(
            started_at, minutes_consumed, max_concurrent_participants, fetched_at
        )) as last_at,
        fetched_at as reported_at,
        true as is_final,
        max_concurrent_participants,
        minutes_consumed,
        true as is_sampled,
        last_at <= $until as is_within_period
    from session_finals
    anti join wrong_clock_runs using (run_id)
    where fetched_at <= now()
        and started_at < $until
        and (ended_at is null or ended_at >= $since)
        and type = 'meeting'
        and ($app_id is null or app_id = $app_id)
),

-- Sessions that started at different instants are different sessions.
longest_in_sample as (
    select started_at, max(epoch_us(last_at) - epoch_us(started_at)) as duration_us
    from readings
    where is_sampled
        and (last_at > $since or started_at >= $since)
    group by started_at
    order by duration_us desc
    limit 10
),

least_duration as (
    select case when count(*) = 10 then min(duration_us) else 0 end as duration_us
    from longest_in_sample
)

-- Sessions that may last as long only after $until keep all readings, for what was known by then.
-- So do final figures without an end, because the last snapshot may be later than what they show.
select
    coalesce(
        arg_max(meeting_display_name, row(is_final, reported_at)) filter (where is_within_period),
        arg_min(meeting_display_name, row(is_final, reported_at))
    ) as meeting,
    arg_max(meeting_id, row(is_final, reported_at)) as meeting_id,
    app_id,
    session_id,
    min(started_at) as started_at,
    coalesce(arg_max(ended_at, reported_at), max(last_at)) as end_at,
    greatest(epoch_us(end_at) - epoch_us(min(started_at)), 0) / 60e6 as duration_minutes,
    coalesce(
        max(max_concurrent_participants) filter (where is_within_period),
        min(max_concurrent_participants)
    ) as peak_participants,
    arg_max(minutes_consumed, row(is_final, reported_at)) as total_minutes,
    bool_or(is_final) as is_final
from readings
cross join least_duration
where greatest(epoch_us(last_at) - epoch_us(started_at), 0) >= duration_us
    or epoch_us(started_at) + duration_us > epoch_us($until)
    or (is_final and ended_at is null)
group by app_id, session_id
having end_at > $since
    or min(started_at) >= $since
order by duration_minutes desc, session_id
limit 10;
