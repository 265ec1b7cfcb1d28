-- Delete the meetings of the app $app_id, and the lists that no run has any more.
delete from meeting_lists
where app_id = $app_id
    or list_id not in (select list_id from runs where kind = 'snapshot');
