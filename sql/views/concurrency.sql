-- grain: an app's slot, with what was live then; empty where nothing is known, which is not zero
create or replace view concurrency as
select *
from concurrency_between(timestamptz '-infinity', timestamptz 'infinity');
