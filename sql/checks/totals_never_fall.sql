-- The minutes and the participant maximum of a session never fall from snapshot to snapshot
-- Grain: one row per snapshot with a lower value than the one before, which may precede the period.
-- Hashes and whole numbers sort far faster than IDs and instants. So a first pass finds suspects by
-- hash, and a second pass compares the suspects by ID.
with within_period as not materialized (
    select
        app_id,
        session_id,
        epoch_us(observed_at) as observed_us,
        minutes_consumed,
        max_concurrent_participants
    from session_snapshots
    where observed_at >= $since
        and observed_at < $until
        and ($app_id is null or app_id = $app_id)
),

under_way_at_start as (
    select app_id, session_id, min(started_at) as started_at
    from session_snapshots
    where observed_at >= $since
        and observed_at < $until
        and started_at < $since
        and ($app_id is null or app_id = $app_id)
    group by app_id, session_id
),

last_before_period as (
    select
        app_id,
        session_id,
        epoch_us(max(observed_at)) as observed_us,
        arg_max(minutes_consumed, observed_at) as minutes_consumed,
        arg_max(max_concurrent_participants, observed_at) as max_concurrent_participants
    from session_snapshots
    semi join under_way_at_start using (app_id, session_id)
    where observed_at < $since
        and observed_at >= (select coalesce(min(started_at), $since) from under_way_at_start)
    group by app_id, session_id
),

observations as not materialized (
    select * from within_period
    union all
    select * from last_before_period
),

hashed_observations as (
    select
        hash(app_id, session_id) as session_hash,
        minutes_consumed,
        max_concurrent_participants,
        lag(minutes_consumed) over by_time as previous_minutes,
        lag(max_concurrent_participants) over by_time as previous_participants
    from observations
    window by_time as (partition by session_hash order by observed_us)
),

suspects as (
    select distinct session_hash
    from hashed_observations
    where minutes_consumed < previous_minutes
        or max_concurrent_participants < previous_participants
),

compared_observations as (
    select
        app_id,
        session_id,
        make_timestamptz(observed_us) as observed_at,
        lag(minutes_consumed) over by_time as previous_minutes,
        minutes_consumed as minutes,
        lag(max_concurrent_participants) over by_time as previous_max_participants,
        max_concurrent_participants as max_participants
    from observations
    where hash(app_id, session_id) in (select session_hash from suspects)
    window by_time as (partition by app_id, session_id order by observed_us)
)

select *
from compared_observations
where minutes < previous_minutes
    or max_participants < previous_max_participants
order by observed_at, session_id;
