-- A session's minutes, and its most participants at a time, never fall from one observation to the next
-- grain: an observation in which one of the two is lower than in the one before it, which may lie before the period
-- Partitioned by hashes and ordered by whole numbers, all rows of a month take seconds; where hashes are equal by chance,
-- a fall still shows as one, and the second look, at the sessions themselves, is exact.
with observed as not materialized (
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

under_way_at_start as materialized (
    select app_id, session_id, min(started_at) as started_at
    from session_snapshots
    where observed_at >= $since
        and observed_at < $until
        and started_at < $since
        and ($app_id is null or app_id = $app_id)
    group by app_id, session_id
),

-- Their last sight before the period.
earlier as materialized (
    select
        app_id,
        session_id,
        epoch_us(max(observed_at)) as observed_us,
        arg_max(minutes_consumed, observed_at) as minutes_consumed,
        arg_max(max_concurrent_participants, observed_at) as max_concurrent_participants
    from session_snapshots
    semi join under_way_at_start using (app_id, session_id)
    where observed_at < $since
        and observed_at >= (select min(started_at) from under_way_at_start)
    group by app_id, session_id
),

sequence as not materialized (
    select * from observed
    union all
    select * from earlier
),

hashed as (
    select
        hash(app_id, session_id) as session_hash,
        minutes_consumed,
        max_concurrent_participants,
        lag(minutes_consumed) over in_order as previous_minutes,
        lag(max_concurrent_participants) over in_order as previous_participants
    from sequence
    window in_order as (partition by session_hash order by observed_us)
),

suspects as materialized (
    select distinct session_hash
    from hashed
    where minutes_consumed < previous_minutes
        or max_concurrent_participants < previous_participants
),

compared as (
    select
        app_id,
        session_id,
        make_timestamptz(observed_us) as observed_at,
        lag(minutes_consumed) over in_order as previous_minutes,
        minutes_consumed as minutes,
        lag(max_concurrent_participants) over in_order as previous_max_participants,
        max_concurrent_participants as max_participants
    from sequence
    where hash(app_id, session_id) in (select session_hash from suspects)
    window in_order as (partition by app_id, session_id order by observed_us)
)

select *
from compared
where minutes < previous_minutes
    or max_participants < previous_max_participants
order by observed_at, session_id;
