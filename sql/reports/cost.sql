-- What the period may cost: an estimate, from audio only to everything with video; prices are in a file (--prices)
-- grain: a type of session, and the sum of them all
-- An estimate: that minutes_consumed is what is billed is documented nowhere, nor whether sessions of other types, or
-- breakout rooms, are billed beside their meeting.
with growth as (
    select type, sum(minutes) as minutes
    from growth_between($since, $until, $tz, 'day', true)
    where $app_id is null
        or app_id = $app_id
    group by type
),

priced as (
    select
        type,
        minutes,
        minutes * low_usd_per_minute as low_usd,
        minutes * high_usd_per_minute as high_usd,
        coalesce(note, 'no price in the file') as note
    from growth
    left join read_csv($prices, header = true, columns = {
        'type': 'varchar',
        'low_usd_per_minute': 'decimal(12, 6)',
        'high_usd_per_minute': 'decimal(12, 6)',
        'note': 'varchar'
    }) as prices using (type)
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
from priced
group by rollup (type)
order by grouping(type), minutes desc, type;
