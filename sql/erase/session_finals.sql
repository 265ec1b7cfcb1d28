-- Delete the rows of the app $app_id, the meetings $meeting_ids and the sessions $session_ids.
-- Those of a run are not deleted: a later run has no row of its own for the same figures.
delete from session_finals
where app_id = $app_id
    or meeting_id in (select unnest(cast($meeting_ids as varchar[])))
    or session_id in (select unnest(cast($session_ids as varchar[])));
