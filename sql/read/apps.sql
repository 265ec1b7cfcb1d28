-- grain: an app that some run has asked about, by a list or for all its live sessions
select app_id
from meeting_lists

union

select substr(list_id, length('all:') + 1)
from runs
where list_id like 'all:%'

order by app_id;
