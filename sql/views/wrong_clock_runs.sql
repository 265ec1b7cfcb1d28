-- Grain: one row per run whose readings of sessions do not count, because its clock was wrong.
-- It has a note on its clock, and the same account has a run of the same kind with a right clock,
-- at most a day (UTC) away. A run from before 2026 does not count wherever that other run is.
-- The runs of a host whose clock is always wrong count: no other run has seen what they saw.
create or replace view wrong_clock_runs as
with noted_runs as not materialized (
    select run_id, kind, account_id, slot
    from runs
    where clock_note is not null
),

-- Without a noted run, which is usual, the semi join reads nothing of the other runs. That needs
-- queries that are not materialized.
right_days as not materialized (
    select distinct
        kind,
        account_id,
        unnest([-1, 0, 1]) + epoch_us(slot) // 86_400_000_000 as day
    from runs
    semi join noted_runs using (kind, account_id)
    where clock_note is null
        and slot <= now()
)

select run_id
from noted_runs
where (kind, account_id, epoch_us(slot) // 86_400_000_000) in (
        select (kind, account_id, day) from right_days
    )
    or (slot < timestamptz '2026-01-01' and (kind, account_id) in (
        select (kind, account_id) from right_days
    ));
