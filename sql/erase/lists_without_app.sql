-- Give the lists with meetings of the app $app_id and of others the ID that their runs now have.
update meeting_lists
set list_id = concat(list_id, '-', $erasure_id)
where list_id in (select list_id from meeting_lists where app_id = $app_id)
    and app_id <> $app_id;
