-- Grain: one row per app and slot of its schedule.
-- A slot is loaded or missing; a loaded slot may have meetings without an outcome.
create or replace view coverage as
select *
from slots_between(timestamptz '-infinity', timestamptz 'infinity');
