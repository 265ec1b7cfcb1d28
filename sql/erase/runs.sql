-- Mark the runs $run_ids as erased. They stay in the ledger, so that no copy of them is loaded
-- again and their requests count, but nothing else of them stays.
update runs
set
    kind = 'erased',
    list_id = 'erased',
    every_seconds = null,
    meetings = 0,
    live = 0,
    idle = 0,
    failed = 0,
    unlisted = null,
    clock_note = null
where run_id in (select try_cast(unnest($run_ids) as uuid));
