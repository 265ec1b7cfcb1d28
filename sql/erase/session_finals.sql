-- Delete the rows of the app $app_id. Those of a run are not deleted: a later run has no row of
-- its own for the same figures.
delete from session_finals
where app_id = $app_id;
