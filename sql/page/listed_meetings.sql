-- Grain: one row per meeting in a list of a snapshot of the period.
with lists as (
    select distinct list_id
    from runs
    where kind = 'snapshot'
        and slot >= $since
        and slot < $until
)

select distinct app_id, meeting_id
from meeting_lists
where list_id in (select list_id from lists)
    and ($app_id is null or app_id = $app_id)
order by app_id, meeting_id;
