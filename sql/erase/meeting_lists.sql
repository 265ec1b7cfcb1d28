-- Delete the meetings of the app $app_id, the meetings $meeting_ids, and the lists that no run has
-- any more.
delete from meeting_lists
where app_id = $app_id
    or meeting_id in (select unnest(cast($meeting_ids as varchar[])))
    or list_id not in (select list_id from runs where kind = 'snapshot');
