-- Grain: one row per app and gap of more than 366 days between two of its snapshots, or after the
-- last one, that reaches into the period from $since to $until.
-- slots_between expects no snapshot in such a gap. Only the first and the last slot of a day can be
-- at the end of such a gap.
with list_days as (
    select
        list_id,
        epoch_us(slot) // 86_400_000_000 as day,
        min(slot) as first_slot,
        max(slot) as last_slot
    from runs
    where kind = 'snapshot'
    group by list_id, day
),

list_apps as (
    select distinct list_id, app_id
    from meeting_lists
),

list_app_days as (
    select
        list_days.* exclude (list_id),
        coalesce(list_apps.app_id, substr(list_days.list_id, length('all:') + 1)) as app_id
    from list_days
    left join list_apps using (list_id)
    where list_apps.app_id is not null
        or list_days.list_id like 'all:%'
),

app_days as (
    select app_id, min(first_slot) as first_slot, max(last_slot) as last_slot
    from list_app_days
    group by app_id, day
),

gaps as (
    select
        app_id,
        last_slot,
        lead(first_slot) over (partition by app_id order by first_slot) as next_slot,
        least(coalesce(next_slot, $until), now()) as ends_at
    from app_days
)

select app_id, last_slot, next_slot
from gaps
where ends_at - last_slot > interval 366 days
    and last_slot < $until
    and ends_at > $since
    and ($app_id is null or app_id = $app_id)
order by app_id, last_slot;
