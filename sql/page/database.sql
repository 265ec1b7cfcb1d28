-- Grain: one row, the state of the database.
-- It counts the snapshots of the period and all runs of reconcile.
select
    (select count(*) from runs where kind = 'snapshot' and slot >= $since and slot < $until)
        as snapshots,
    (select max(slot) from runs where kind = 'snapshot' and slot < $until) as last_slot,
    (select count(*) from runs where kind = 'reconcile') as reconcile_runs,
    (select max(name) from schema_migrations where name not like 'views %') as schema;
