-- Grain: one row, with the latest start of a run whose clock seemed right.
select max(started_at) as started_at
from runs
where clock_note is null
    and kind in ('snapshot', 'reconcile');
