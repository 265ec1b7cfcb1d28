-- Grain: one row per app, with the slot of its newest snapshot.
-- A run in which every meeting failed does not count, nor does one that a wrong clock has put into
-- the future.
create or replace macro newest_slots() as table
with list_slots as (
    select list_id, max(slot) as slot
    from runs
    where kind = 'snapshot'
        and slot <= now()
        and (live + idle > 0 or failed = 0)
    group by list_id
),

list_apps as (
    select distinct list_id, app_id
    from meeting_lists
)

select
    coalesce(list_apps.app_id, substr(list_id, length('all:') + 1)) as app_id,
    max(slot) as slot
from list_slots
left join list_apps using (list_id)
group by all;
