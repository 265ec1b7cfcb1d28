-- Adds the final figures of a staged run that differ from what is known last of their session.
-- No session of the file started before $started_at: as a constant it lets the zone maps skip older ones.
insert into session_finals by name
with staged as (
    -- All columns of the table in its own order, also where an older version staged fewer.
    select * from session_finals where false
    union all by name
    select * from read_parquet($file)
),

latest as (
    select session_finals.*
    from session_finals
    semi join staged using (app_id, session_id)
    where session_finals.started_at >= cast($started_at as timestamptz)
    qualify row_number() over (partition by app_id, session_id order by fetched_at desc, run_id desc) = 1
),

changed as (
    select * exclude (run_id, fetched_at) from staged
    except
    select * exclude (run_id, fetched_at) from latest
)

select staged.*
from staged
semi join changed using (app_id, session_id);
