-- grain: an app's day (UTC) with what Cloudflare itself totals it at, by the latest that was fetched
select
    app_id,
    day,
    arg_max(minutes, fetched_at) as minutes
from daily_totals
where day >= cast($since at time zone 'UTC' as date)
    and day < $until at time zone 'UTC'
    and ($app_id is null or app_id = $app_id)
group by app_id, day
order by day, app_id;
