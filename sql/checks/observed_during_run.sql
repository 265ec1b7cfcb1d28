-- Nothing was seen before its run began, nor after the run had ended
-- grain: a table's rows of a run, of which the first or the last was seen outside of it
with seen as (
    select
        'session_snapshots' as table_name,
        run_id,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at
    from session_snapshots
    where slot >= $since
        and slot < $until
        and ($app_id is null or app_id = $app_id)
    group by run_id

    union all

    select 'session_finals', run_id, min(fetched_at), max(fetched_at)
    from session_finals
    where fetched_at >= $since
        and fetched_at < $until
        and ($app_id is null or app_id = $app_id)
    group by run_id

    union all

    select 'daily_totals', run_id, min(fetched_at), max(fetched_at)
    from daily_totals
    where fetched_at >= $since
        and fetched_at < $until
        and ($app_id is null or app_id = $app_id)
    group by run_id
)

select
    seen.table_name,
    run_id,
    runs.started_at,
    seen.first_seen_at,
    seen.last_seen_at,
    runs.finished_at
from seen
join runs using (run_id)
where seen.first_seen_at < runs.started_at
    or seen.last_seen_at > runs.finished_at
order by run_id, table_name;
