-- Grain: one row per app and gap of more than 366 days between two of its snapshots, or after the
-- last one, that reaches into the period from $since to $until.
-- slots_between expects no snapshot in such a gap.
with list_apps as (
    select distinct list_id, app_id
    from meeting_lists
),

app_slots as (
    select
        coalesce(list_apps.app_id, substr(runs.list_id, length('all:') + 1)) as app_id,
        runs.slot
    from runs
    left join list_apps using (list_id)
    where runs.kind = 'snapshot'
        and (list_apps.app_id is not null or runs.list_id like 'all:%')
),

gaps as (
    select
        app_id,
        slot as last_slot,
        lead(slot) over (partition by app_id order by slot) as next_slot,
        least(coalesce(next_slot, $until), now()) as ends_at
    from app_slots
)

select app_id, last_slot, next_slot
from gaps
where ends_at - last_slot > interval 366 days
    and last_slot < $until
    and ends_at > $since
    and ($app_id is null or app_id = $app_id)
order by app_id, last_slot;
