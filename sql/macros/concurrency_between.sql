-- grain: an app's slot in the period, with what was live then; empty where nothing is known, which is not zero
-- Nothing is known where no run is loaded, or where every meeting failed; where some failed, figures are a lower bound.
-- A session that is recorded under two meetings is there twice, as in the snapshots; a check names it.
-- Counts are of the type meeting; sessions of other types (livestream, participant) are counted apart. Breakout rooms are
-- part of their meeting here.
create or replace macro concurrency_between(since, until) as table
with live as (
    select
        app_id,
        slot,
        count(*) filter (where type = 'meeting') as sessions,
        coalesce(sum(live_participants) filter (where type = 'meeting'), 0) as participants,
        count(*) filter (where type is distinct from 'meeting') as other_sessions,
        coalesce(sum(live_participants) filter (where type is distinct from 'meeting'), 0) as other_participants
    from session_snapshots
    where slot >= since
        and slot < until
    group by app_id, slot
)

select
    slots.app_id,
    slots.slot,
    slots.is_loaded,
    slots.is_observed or live.slot is not null as is_observed,
    slots.unresolved_meetings,
    case when is_observed then coalesce(live.sessions, 0) end as sessions,
    cast(case when is_observed then coalesce(live.participants, 0) end as bigint) as participants,
    case when is_observed then coalesce(live.other_sessions, 0) end as other_sessions,
    cast(case when is_observed then coalesce(live.other_participants, 0) end as bigint) as other_participants
from slots_between(since, until) as slots
left join live using (app_id, slot);
