-- Insert the daily totals of a staged run that differ from the newest row of their app and day.
-- No day of the file is before $day. As a constant it lets DuckDB skip the older part of the table.
insert into daily_totals by name
with staged as (
    -- All columns of the table in its own order, also if an older version staged fewer.
    select * from daily_totals where false
    union all by name
    select * from read_parquet($file)
),

latest as (
    select daily_totals.*
    from daily_totals
    semi join staged using (app_id, day)
    where daily_totals.day >= cast($day as date)
    qualify row_number() over (partition by app_id, day order by fetched_at desc, run_id desc) = 1
),

changed as (
    select * exclude (run_id, fetched_at) from staged
    except
    select * exclude (run_id, fetched_at) from latest
)

select staged.*
from staged
semi join changed using (app_id, day);
