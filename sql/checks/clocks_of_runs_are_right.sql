-- The clock of every run seemed right
-- Grain: one row per run, of any app, that noted a wrong clock: its times are wrong as well.
select
    run_id,
    kind,
    slot,
    started_at,
    host,
    clock_note
from runs
where clock_note is not null
    and slot >= $since
    and slot < $until
order by slot, run_id;
