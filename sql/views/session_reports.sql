-- grain: what the API said once of a session, or of a breakout room in one: in a snapshot, or after the session's end
-- Breakout rooms stand in JSON whose shape is documented nowhere; those without an ID and minutes of their own have no
-- figure to report. They count under their parent's meeting, as sessions of the type breakout.
create or replace view session_reports as
with reported as not materialized (
    select
        'snapshot' as source,
        observed_at as reported_at,
        * exclude (run_id, slot, observed_at)
    from session_snapshots

    union all by name

    select
        'final' as source,
        fetched_at as reported_at,
        * exclude (run_id, fetched_at)
    from session_finals
    where status = 'ENDED'
),

rooms as not materialized (
    select
        * exclude (breakout_rooms),
        unnest(cast(breakout_rooms as json[])) as room
    from reported
    where breakout_rooms is not null
)

select
    source,
    reported_at,
    app_id,
    meeting_id,
    session_id,
    meeting_display_name,
    coalesce(type, 'unknown') as type,
    live_participants,
    max_concurrent_participants,
    minutes_consumed,
    started_at,
    coalesce(ended_at, updated_at, started_at) as ended_at
from reported

union all

select
    source,
    reported_at,
    app_id,
    meeting_id,
    room ->> 'id' as session_id,
    coalesce(room ->> 'meeting_display_name', meeting_display_name) as meeting_display_name,
    'breakout' as type,
    try_cast(room ->> 'live_participants' as integer) as live_participants,
    try_cast(room ->> 'max_concurrent_participants' as integer) as max_concurrent_participants,
    try_cast(room ->> 'minutes_consumed' as double) as minutes_consumed,
    coalesce(try_cast(room ->> 'started_at' as timestamptz), started_at) as started_at,
    coalesce(try_cast(room ->> 'ended_at' as timestamptz), ended_at, updated_at, started_at) as ended_at
from rooms
where room ->> 'id' is not null
    and try_cast(room ->> 'minutes_consumed' as double) is not null;
