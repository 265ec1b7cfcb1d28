-- Erase the message of a failure that names one of the sessions $session_ids.
update fetch_failures
set message = 'erased'
where exists (
    from (select unnest(cast($session_ids as varchar[])) as session_id) as erased
    where contains(fetch_failures.message, erased.session_id)
);
