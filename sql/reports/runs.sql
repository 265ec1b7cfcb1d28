-- The runs of the job, the newest first, and when something was erased
-- Grain: one row per run that started in the period. Of an erased run only its requests are left.
-- app_id is the app of the run's meetings, or their number if its list has several. It is empty for
-- reconcile runs, whose apps the ledger does not keep, and where runs or apps were erased.
-- via is list for a run that fetched all live sessions of its app, and meetings for one request per
-- meeting. $app_id leaves out runs without a meeting of this app, and so all reconcile runs.
-- Main columns: run_id, kind, live, failed
-- Total row: requests, retries
with lists as (
    select
        list_id,
        case
            when count(distinct app_id) = 1 then any_value(app_id)
            else count(distinct app_id) || ' apps'
        end as app_id,
        bool_or(app_id = $app_id) as has_app
    from meeting_lists
    group by list_id
)

select
    runs.started_at,
    cast(runs.run_id as varchar) as run_id,
    runs.kind,
    case
        when starts_with(runs.list_id, 'all:') then substr(runs.list_id, length('all:') + 1)
        else lists.app_id
    end as app_id,
    runs.slot,
    runs.via,
    runs.live,
    runs.idle,
    runs.failed,
    runs.requests,
    runs.retries,
    epoch(runs.finished_at) - epoch(runs.started_at) as duration_seconds,
    runs.clock_note,
    runs.tool_version
from runs
left join lists using (list_id)
where runs.started_at >= $since
    and runs.started_at < $until
    and (
        $app_id is null
        or coalesce(lists.has_app, runs.list_id = 'all:' || $app_id)
    )
order by runs.run_id desc;
