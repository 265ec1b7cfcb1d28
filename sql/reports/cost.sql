-- What the period may cost: an estimate between a low and a high price per minute (--prices)
-- Grain: one row per type of session, and one for all types.
-- An estimate, because two things are not documented: whether Cloudflare bills minutes_consumed,
-- and whether it bills breakout rooms and sessions of other types beside their meeting.
-- Main columns: minutes, low_usd, high_usd
with usage as (
    select type, sum(minutes) as minutes
    from minutes_between($since, $until, $tz, 'day')
    where $app_id is null
        or app_id = $app_id
    group by type
),

costs as (
    select
        type,
        minutes,
        minutes * low_usd_per_minute as low_usd,
        minutes * high_usd_per_minute as high_usd,
        coalesce(note, 'no price in the file') as note
    from usage
    left join price_list($prices) as prices using (type)
)

select
    case when grouping(type) = 1 then 'all' else type end as type,
    coalesce(sum(minutes), 0) as minutes,
    cast(sum(low_usd) as decimal(18, 4)) as low_usd,
    cast(sum(high_usd) as decimal(18, 4)) as high_usd,
    case
        when grouping(type) = 0 then any_value(note)
        when bool_or(low_usd is null) then 'estimate, without what has no price'
        else 'estimate'
    end as note
from costs
group by rollup (type)
order by grouping(type), minutes desc, type;
