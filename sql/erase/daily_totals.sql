-- Delete the rows of the app $app_id. Those of a run are not deleted: a later run has no row of
-- its own for the same figures. Those of a day stay when a meeting goes: they are of a whole app.
delete from daily_totals
where app_id = $app_id;
