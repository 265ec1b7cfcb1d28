-- Grain: one row, the state of the database.
-- It counts the snapshots and ended sessions of the period and all runs of reconcile.
-- $app_id leaves out the snapshots and sessions of other apps.
-- has_snapshots_before tells if there is a snapshot before the period.
with app_lists as (
    select list_id
    from meeting_lists
    where app_id = $app_id
),

slots as (
    select slot
    from runs
    where kind = 'snapshot'
        and (
            $app_id is null
            or list_id = 'all:' || $app_id
            or list_id in (from app_lists)
        )
)

select
    (select count(*) from slots where slot >= $since and slot < $until) as snapshots,
    exists(select 1 from slots where slot < $since) as has_snapshots_before,
    (
        select count(*)
        from session_finals
        where started_at < $until
            and (started_at >= $since or coalesce(ended_at, started_at) > $since)
            and ($app_id is null or app_id = $app_id)
    ) as ended_sessions,
    (select max(slot) from slots where slot < $until) as last_slot,
    (select count(*) from runs where kind = 'reconcile') as reconcile_runs;
