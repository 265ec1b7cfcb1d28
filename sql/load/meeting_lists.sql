-- Stores a staged run's meeting list, unless the very same list is there already.
insert into meeting_lists by name
select staged.*
from read_parquet($file) as staged
where staged.list_id not in (select list_id from runs);
