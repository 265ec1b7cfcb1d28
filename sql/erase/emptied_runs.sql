-- Grain: one row per snapshot run whose list has no other meetings than those of the app $app_id
-- and the meetings $meeting_ids.
with lists as (
    select
        list_id,
        bool_and(
            coalesce(app_id = $app_id, false)
            or list_contains(cast($meeting_ids as varchar[]), meeting_id)
        ) as is_emptied
    from meeting_lists
    group by list_id
)

select cast(runs.run_id as varchar) as run_id
from runs
left join lists using (list_id)
where runs.kind = 'snapshot'
    and coalesce(lists.is_emptied, runs.list_id = 'all:' || $app_id)
order by run_id;
