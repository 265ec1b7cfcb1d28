-- Grain: one row per app of a loaded run: of a list, of a run for a whole app, or of what
-- reconcile has fetched.
select app_id
from meeting_lists

union

select substr(list_id, length('all:') + 1)
from runs
where list_id like 'all:%'

union

select app_id
from session_finals

union

select app_id
from daily_totals

order by app_id;
