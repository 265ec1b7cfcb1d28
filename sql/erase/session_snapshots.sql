-- Delete the rows of the runs $run_ids and of the app $app_id.
delete from session_snapshots
where run_id in (select try_cast(unnest($run_ids) as uuid))
    or app_id = $app_id;
