-- Every row was observed during its run
-- Grain: one row per table and run with a row observed before the run's start or after its end.
with observed_rows as (
    select
        'session_snapshots' as table_name,
        run_id,
        app_id,
        slot as stored_at,
        observed_at
    from session_snapshots

    union all

    select 'session_finals', run_id, app_id, fetched_at, fetched_at
    from session_finals

    union all

    select 'daily_totals', run_id, app_id, fetched_at, fetched_at
    from daily_totals
),

observed_runs as (
    select
        table_name,
        run_id,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at
    from observed_rows
    where stored_at >= $since
        and stored_at < $until
        and ($app_id is null or app_id = $app_id)
    group by table_name, run_id
)

select
    observed_runs.table_name,
    run_id,
    runs.started_at,
    observed_runs.first_observed_at,
    observed_runs.last_observed_at,
    runs.finished_at
from observed_runs
join runs using (run_id)
where observed_runs.first_observed_at < runs.started_at
    or observed_runs.last_observed_at > runs.finished_at
order by run_id, table_name;
