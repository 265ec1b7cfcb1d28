-- Insert the meeting list of a staged run, unless the same list is already stored.
insert into meeting_lists by name
select staged.*
from read_parquet($file) as staged
where staged.list_id not in (select list_id from runs);
