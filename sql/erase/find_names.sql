-- Grain: one row per session with a name like $pattern, and name. The title of its meeting counts,
-- and so does every text in its JSON columns, such as the name of a breakout room, but no ID,
-- instant, type or status.
with rows_of_sessions as (
    select session_id, meeting_display_name, breakout_rooms, meta, extra from session_snapshots
    union all
    select session_id, meeting_display_name, breakout_rooms, meta, extra from session_finals
),

documents as (
    select distinct session_id, document
    from (
        select session_id, breakout_rooms as document from rows_of_sessions
        union all
        select session_id, meta from rows_of_sessions
        union all
        select session_id, extra from rows_of_sessions
    )
    where document is not null
),

names as (
    select session_id, meeting_display_name as name
    from rows_of_sessions

    union all

    select documents.session_id, leaf.atom ->> '$'
    from documents, json_tree(documents.document) as leaf
    where leaf.type = 'VARCHAR'
        and not regexp_full_match(coalesce(leaf.key, ''), '(.*_)?(id|at)|type|status')
)

select distinct session_id, name
from names
where lower(name) glob lower($pattern)
order by name, session_id;
