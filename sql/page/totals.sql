-- grain: a day (UTC) with what Cloudflare itself totals it at, by the latest that was fetched of each app
with latest as (
    select app_id, day, arg_max(minutes, fetched_at) as minutes, arg_max(sessions, fetched_at) as sessions
    from daily_totals
    where day >= cast($since at time zone 'UTC' as date)
        and day < $until at time zone 'UTC'
        and ($app_id is null or app_id = $app_id)
    group by app_id, day
)

select day, sum(minutes) as minutes, cast(sum(sessions) as bigint) as sessions
from latest
group by day
order by day;
