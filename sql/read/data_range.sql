-- Grain: one row, with the number of entries in the ledger, also of other apps and of erased runs,
-- and the first and the last instant with data: the slots of snapshots, and the starts and ends of
-- ended sessions. $app_id leaves out the data of other apps.
with app_lists as (
    select list_id
    from meeting_lists
    where app_id = $app_id
),

slots as (
    select min(slot) as first_at, max(slot) as last_at
    from runs
    where kind = 'snapshot'
        and (
            $app_id is null
            or list_id = 'all:' || $app_id
            or list_id in (from app_lists)
        )
),

ended_sessions as (
    select min(started_at) as first_at, greatest(max(started_at), max(ended_at)) as last_at
    from session_finals
    where $app_id is null
        or app_id = $app_id
)

select
    (select count(*) from runs) as runs,
    least(slots.first_at, ended_sessions.first_at) as first_at,
    greatest(slots.last_at, ended_sessions.last_at) as last_at
from slots
cross join ended_sessions;
