-- Delete the rows of the runs $run_ids, of the app $app_id and of the meetings $meeting_ids.
delete from fetch_failures
where run_id in (select try_cast(unnest($run_ids) as uuid))
    or app_id = $app_id
    or meeting_id in (select unnest(cast($meeting_ids as varchar[])));
