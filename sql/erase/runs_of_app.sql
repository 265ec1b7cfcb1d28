-- Grain: one row per snapshot run whose list has meetings of no other app than $app_id.
with lists as (
    select list_id, bool_and(app_id = $app_id) as is_of_app
    from meeting_lists
    group by list_id
)

select cast(runs.run_id as varchar) as run_id
from runs
left join lists using (list_id)
where runs.kind = 'snapshot'
    and coalesce(lists.is_of_app, runs.list_id = 'all:' || $app_id)
order by run_id;
