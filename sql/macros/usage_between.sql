-- Grain: one row per meeting and local day of the period.
-- Each type of session has its own column of minutes: minutes is that of the type meeting. sessions
-- counts the sessions of that type that started on the day. unfinished_sessions counts the sessions
-- of every type whose final total is missing.
create or replace macro usage_between(since, until, tz) as table
select
    app_id,
    meeting_id,
    bucket as day,
    sum(minutes) filter (where type = 'meeting') as minutes,
    count(*) filter (where type = 'meeting' and is_start) as sessions,
    sum(minutes) filter (where type = 'livestream') as livestream_minutes,
    sum(minutes) filter (where type = 'participant') as participant_minutes,
    sum(minutes) filter (where type = 'breakout') as breakout_minutes,
    sum(minutes) filter (
        where type not in ('meeting', 'livestream', 'participant', 'breakout')
    ) as unknown_minutes,
    count(*) filter (where is_unfinished) as unfinished_sessions
from growth_between(since, until, tz, 'day', true)
group by app_id, meeting_id, bucket;
