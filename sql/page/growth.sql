-- grain: a meeting's day in the zone $tz and type of session: minutes, sessions begun, sessions whose end is not known
select
    cast(bucket as date) as day,
    app_id,
    meeting_id,
    type,
    cast(sum(minutes) as double) as minutes,
    count(*) filter (where is_start) as sessions,
    count(*) filter (where is_unfinished) as unfinished
from growth_between($since, $until, $tz, 'day', $with_finals)
where $app_id is null
    or app_id = $app_id
group by bucket, app_id, meeting_id, type;
