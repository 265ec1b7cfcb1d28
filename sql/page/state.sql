-- grain: one row; what the page is made from: snapshots and final figures of the period, and when the last was taken
select
    (select count(*) from runs where kind = 'snapshot' and slot >= $since and slot < $until) as snapshots,
    (select max(slot) from runs where kind = 'snapshot' and slot < $until) as last_slot,
    (select count(*) from session_finals where started_at < $until and ended_at >= $since) as finals,
    (select count(*) from runs where kind = 'reconcile') as reconciles,
    (select max(name) from schema_migrations where name not like 'views %') as schema;
