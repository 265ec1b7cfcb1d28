-- Add the erasure to the ledger: that and when something was erased, but not what.
insert into runs by name
select
    cast($erasure_id as uuid) as run_id,
    'erase' as kind,
    date_trunc('second', cast($at as timestamptz)) as slot,
    'database' as via,
    '' as account_id,
    'erase' as list_id,
    cast($at as timestamptz) as started_at,
    cast($at as timestamptz) as finished_at,
    0 as meetings,
    0 as live,
    0 as idle,
    0 as failed,
    0 as requests,
    0 as retries,
    0 as waited_seconds,
    $tool_version as tool_version,
    $host as host;
