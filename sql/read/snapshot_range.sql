-- Grain: one row, with the number of loaded snapshot runs and their first and last slot.
select count(*) as runs, min(slot) as first_slot, max(slot) as last_slot
from runs
where kind = 'snapshot';
