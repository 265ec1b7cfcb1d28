-- Every row belongs to a loaded run of its kind, and stands in that run's slot
-- grain: a run that rows of a table name, but that is not loaded, or is of another kind or slot
with named as (
    select 'session_snapshots' as table_name, 'snapshot' as kind, run_id, slot, count(*) as row_count
    from session_snapshots
    where slot >= $since
        and slot < $until
        and ($app_id is null or app_id = $app_id)
    group by run_id, slot

    union all

    select 'fetch_failures', null, run_id, slot, count(*)
    from fetch_failures
    where slot >= $since
        and slot < $until
        and ($app_id is null or app_id = $app_id)
    group by run_id, slot

    union all

    select 'session_finals', 'reconcile', run_id, null, count(*)
    from session_finals
    where fetched_at >= $since
        and fetched_at < $until
        and ($app_id is null or app_id = $app_id)
    group by run_id

    union all

    select 'daily_totals', 'reconcile', run_id, null, count(*)
    from daily_totals
    where fetched_at >= $since
        and fetched_at < $until
        and ($app_id is null or app_id = $app_id)
    group by run_id
)

select
    named.table_name,
    named.run_id,
    named.slot,
    runs.kind as run_kind,
    runs.slot as run_slot,
    named.row_count
from named
left join runs using (run_id)
where runs.run_id is null
    or named.kind <> runs.kind
    or named.slot <> runs.slot
order by table_name, run_id;
