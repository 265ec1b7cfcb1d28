-- grain: what the API said once of a session, or of a breakout room in one: in a snapshot, or after the session's end
-- Breakout rooms stand in JSON whose shape is documented nowhere; those without an ID and minutes of their own have no
-- figure to report. They count under their parent's meeting, as sessions of the type breakout, and within their parent's
-- time: one that says it began before that, or after it was seen, began with its parent.
create or replace view session_and_breakout_readings as
with rooms as (
    select
        * exclude (breakout_rooms),
        unnest(case when json_type(breakout_rooms) = 'ARRAY' then cast(breakout_rooms as json[]) end) as room
    from session_readings
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
from session_readings

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
    case
        when try_cast(room ->> 'started_at' as timestamptz) between started_at and reported_at
            then try_cast(room ->> 'started_at' as timestamptz)
        else started_at
    end as started_at,
    least(try_cast(room ->> 'ended_at' as timestamptz), coalesce(ended_at, updated_at, started_at)) as ended_at
from rooms
where room ->> 'id' <> session_id
    and try_cast(room ->> 'minutes_consumed' as decimal(18, 6)) is not null;
