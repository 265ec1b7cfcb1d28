-- Grain: one row per app and slot, with the sessions and participants live in it.
-- The counts are empty, not zero, where no meeting of the slot has an outcome.
create or replace view concurrency as
select *
from concurrency_between(timestamptz '-infinity', timestamptz 'infinity');
