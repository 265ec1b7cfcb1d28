-- Grain: one row per local hour of the period with minutes in sessions of the type meeting.
select
    bucket as local_hour,
    sum(minutes) as minutes
from minutes_between($since, $until, $tz, 'hour')
where type = 'meeting'
    and ($app_id is null or app_id = $app_id)
group by bucket
order by bucket;
