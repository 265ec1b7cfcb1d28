-- Every row belongs to a loaded run of its kind and slot
-- Grain: one row per table, run ID and slot of rows without a loaded run of their kind and slot.
with stored_rows as (
    select
        'session_snapshots' as table_name,
        'snapshot' as kind,
        run_id,
        slot,
        slot as stored_at,
        app_id
    from session_snapshots

    union all

    select 'fetch_failures', null, run_id, slot, slot, app_id
    from fetch_failures

    union all

    select 'session_finals', 'reconcile', run_id, null, fetched_at, app_id
    from session_finals

    union all

    select 'daily_totals', 'reconcile', run_id, null, fetched_at, app_id
    from daily_totals
),

stored_runs as (
    select table_name, kind, run_id, slot, count(*) as row_count
    from stored_rows
    where stored_at >= $since
        and stored_at < $until
        and ($app_id is null or app_id = $app_id)
    group by table_name, kind, run_id, slot
)

select
    stored_runs.table_name,
    stored_runs.run_id,
    stored_runs.slot,
    runs.kind as run_kind,
    runs.slot as run_slot,
    stored_runs.row_count
from stored_runs
left join runs using (run_id)
where runs.run_id is null
    or stored_runs.kind <> runs.kind
    or stored_runs.slot <> runs.slot
order by table_name, run_id;
