-- When were there no snapshots for longest?
-- grain: a row of missing snapshots of an app, the ten longest of the last 30 days
with numbered as (
    select
        *,
        count(*) filter (where is_loaded) over (partition by app_id order by slot) as stretch
    from slots_between(now() - interval 30 days, now())
)

select
    app_id,
    min(slot) filter (where not is_loaded) as missing_from,
    max(slot) filter (where not is_loaded) as missing_to,
    count(*) filter (where not is_loaded) as missing_snapshots
from numbered
group by app_id, stretch
having missing_snapshots > 0
order by missing_snapshots desc, missing_from
limit 10;
