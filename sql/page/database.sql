-- Grain: one row, the state of the database.
-- It counts the snapshots and ended sessions of the period and all runs of reconcile.
-- has_snapshots_before tells if there is a snapshot before the period.
select
    (select count(*) from runs where kind = 'snapshot' and slot >= $since and slot < $until)
        as snapshots,
    exists(select 1 from runs where kind = 'snapshot' and slot < $since) as has_snapshots_before,
    (
        select count(*)
        from session_finals
        where started_at < $until
            and (started_at >= $since or coalesce(ended_at, started_at) > $since)
    ) as ended_sessions,
    (select max(slot) from runs where kind = 'snapshot' and slot < $until) as last_slot,
    (select count(*) from runs where kind = 'reconcile') as reconcile_runs,
    (select max(name) from schema_migrations where name not like 'views %') as schema;
