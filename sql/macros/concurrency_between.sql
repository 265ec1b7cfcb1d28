-- Grain: one row per app and slot of the period, with the sessions and participants live in it.
-- The counts are empty, not zero, in a slot without a loaded run and in one whose meetings all
-- failed. Where some meetings failed, the counts are a lower bound.
-- sessions and participants are those of the type meeting; other types are counted separately.
-- A breakout room is part of its meeting here. A session stored under two meetings counts twice.
-- The check one_meeting_per_session finds such a session.
create or replace macro concurrency_between(since, until) as table
with live as (
    select
        app_id,
        slot,
        count(*) filter (where type = 'meeting') as sessions,
        sum(live_participants) filter (where type = 'meeting') as participants,
        count(*) filter (where type is distinct from 'meeting') as other_sessions,
        sum(live_participants) filter (where type is distinct from 'meeting') as other_participants
    from session_snapshots
    where slot >= since
        and slot < until
    group by app_id, slot
),

slots as (
    select
        slots.* exclude (is_observed),
        slots.is_observed or live.slot is not null as is_observed,
        coalesce(live.sessions, 0) as sessions,
        cast(coalesce(live.participants, 0) as bigint) as participants,
        coalesce(live.other_sessions, 0) as other_sessions,
        cast(coalesce(live.other_participants, 0) as bigint) as other_participants
    from slots_between(since, until) as slots
    left join live using (app_id, slot)
)

select
    app_id,
    slot,
    is_loaded,
    is_observed,
    unresolved_meetings,
    case when is_observed then sessions end as sessions,
    case when is_observed then participants end as participants,
    case when is_observed then other_sessions end as other_sessions,
    case when is_observed then other_participants end as other_participants
from slots;
