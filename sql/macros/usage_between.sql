-- Grain: one row per meeting and local day of the period.
-- Each type of session has its own column of minutes: minutes is that of the type meeting. sessions
-- counts the sessions of that type that started on the day. live_sessions and unfinished_sessions
-- are those of every type, see minutes_between.
create or replace macro usage_between(since, until, tz) as table
with usage_by_type as (
    select
        app_id,
        meeting_id,
        bucket as day,
        type,
        sum(minutes) as minutes,
        count(*) filter (where is_start) as sessions,
        count(*) filter (where is_live) as live_sessions,
        count(*) filter (where is_unfinished) as unfinished_sessions
    from minutes_between(since, until, tz, 'day')
    group by app_id, meeting_id, bucket, type
)

select
    app_id,
    meeting_id,
    day,
    sum(minutes) filter (where type = 'meeting') as minutes,
    cast(coalesce(sum(sessions) filter (where type = 'meeting'), 0) as bigint) as sessions,
    sum(minutes) filter (where type = 'livestream') as livestream_minutes,
    sum(minutes) filter (where type = 'participant') as participant_minutes,
    sum(minutes) filter (where type = 'breakout') as breakout_minutes,
    sum(minutes) filter (
        where type not in ('meeting', 'livestream', 'participant', 'breakout')
    ) as unknown_minutes,
    cast(sum(live_sessions) as bigint) as live_sessions,
    cast(sum(unfinished_sessions) as bigint) as unfinished_sessions
from usage_by_type
group by app_id, meeting_id, day;
