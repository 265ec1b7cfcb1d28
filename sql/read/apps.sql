-- Grain: one row per app of a loaded run, whether the run had a list or fetched the whole app.
select app_id
from meeting_lists

union

select substr(list_id, length('all:') + 1)
from runs
where list_id like 'all:%'

order by app_id;
