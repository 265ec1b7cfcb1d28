-- Grain: one row per session or breakout room and reading of its figures.
-- The shape of breakout_rooms is not documented by the API. A room without an ID or without minutes
-- of its own has no row. A room counts under the meeting of its parent session, with the type
-- breakout, and within its parent's time: a start or an end outside that time is replaced by the
-- parent's.
create or replace view session_and_breakout_readings as
with breakout_rooms as (
    select
        * exclude (breakout_rooms),
        unnest(
            case when json_type(breakout_rooms) = 'ARRAY' then cast(breakout_rooms as json[]) end
        ) as room,
        ended_at as parent_ended_at,
        coalesce(ended_at, reported_at) as room_limit,
        try_cast(room ->> 'started_at' as timestamptz) as room_started_at,
        try_cast(room ->> 'ended_at' as timestamptz) as room_ended_at
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
    ended_at
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
        when room_started_at between started_at and reported_at then room_started_at
        else started_at
    end as started_at,
    case
        when room_ended_at between started_at and room_limit then room_ended_at
        else parent_ended_at
    end as ended_at
from breakout_rooms
where room ->> 'id' <> session_id
    and try_cast(room ->> 'minutes_consumed' as decimal(18, 6)) is not null;
