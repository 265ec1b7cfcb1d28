-- Sessions that were live in the last snapshot of the period: now, unless --until says otherwise
-- Grain: one row per session that was live in its app's last snapshot. A snapshot in which every
-- meeting failed does not count, nor does one that a wrong clock has put into the future.
-- Main columns: meeting, participants, minutes
-- Total row: participants
with last_slots as (
    select app_id, max(slot) as slot
    from slots_between($since, $until)
    where is_observed
        and slot <= now()
        and ($app_id is null or app_id = $app_id)
    group by app_id
)

select
    slot,
    meeting_display_name as meeting,
    coalesce(type, 'unknown') as type,
    live_participants as participants,
    max_concurrent_participants as peak_participants,
    minutes_consumed as minutes,
    started_at,
    meeting_id,
    session_id,
    app_id
from session_snapshots
join last_slots using (app_id, slot)
where slot >= $since
    and slot < $until
order by live_participants desc, started_at, session_id;
