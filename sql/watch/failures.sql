-- Grain: one row per kind of failure of the period, the most frequent first, with an example.
select
    kind,
    count(*) as failures,
    arg_max(meeting_id, slot) as meeting_id,
    arg_max(message, slot) as message
from fetch_failures
where kind <> 'invalid_id'
    and slot >= $since
    and slot < $until
    and ($app_id is null or app_id = $app_id)
group by kind
order by failures desc, kind;
