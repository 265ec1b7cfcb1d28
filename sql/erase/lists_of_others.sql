-- Give the lists that lose meetings, and keep others, the ID that their runs now have.
update meeting_lists
set list_id = concat(list_id, '-', $erasure_id)
where list_id in (
    select list_id
    from meeting_lists
    where app_id = $app_id
        or meeting_id in (select unnest(cast($meeting_ids as varchar[])))
)
    and app_id is distinct from $app_id
    and meeting_id not in (select unnest(cast($meeting_ids as varchar[])));
