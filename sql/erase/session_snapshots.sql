-- Delete the rows of the runs $run_ids, of the app $app_id, of the meetings $meeting_ids and of the
-- sessions $session_ids.
delete from session_snapshots
where run_id in (select try_cast(unnest($run_ids) as uuid))
    or app_id = $app_id
    or meeting_id in (select unnest(cast($meeting_ids as varchar[])))
    or session_id in (select unnest(cast($session_ids as varchar[])));
