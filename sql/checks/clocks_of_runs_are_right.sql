-- The clock of every run seemed right
-- Grain: one row per run, of any app, that noted a wrong clock or is in the future: its times are
-- wrong as well. A run of the future is selected whenever the period ends.
select
    run_id,
    kind,
    slot,
    started_at,
    host,
    coalesce(clock_note, 'the slot is in the future') as clock_note
from runs
where slot > now() + interval 1 minute
    or (clock_note is not null and slot >= $since and slot < $until)
order by slot, run_id;
