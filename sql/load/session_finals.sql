-- Insert the final figures of a staged run that differ from the newest row of their session.
-- No session of the file started before $started_at. As a constant it lets DuckDB skip the older
-- part of the table. A row that a wrong clock has dated more than a day before the session's end
-- does not count as stored: the reports do not look for final figures so early. Nor does a row of a
-- run with a note on its clock, or of the future: the reports may leave it out.
insert into session_finals by name
with staged as (
    -- All columns of the table in its own order, also if an older version staged fewer.
    select * from session_finals where false
    union all by name
    select * from read_parquet($file)
),

latest as (
    select session_finals.*
    from session_finals
    semi join staged using (app_id, session_id)
    anti join (select run_id from runs where clock_note is not null) as noted_runs using (run_id)
    where session_finals.started_at >= cast($started_at as timestamptz)
        and session_finals.fetched_at
        >= coalesce(session_finals.ended_at, session_finals.started_at) - interval 1 day
        and session_finals.fetched_at <= now()
    qualify row_number() over (
        partition by app_id, session_id
        order by fetched_at desc, run_id desc
    ) = 1
),

changed as (
    select * exclude (run_id, fetched_at) from staged
    except
    select * exclude (run_id, fetched_at) from latest
)

select staged.*
from staged
semi join changed using (app_id, session_id);
