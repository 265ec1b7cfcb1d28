-- Grain: one row per table of usage data, with its grain and its number of rows.
select 'runs' as "table", 'a loaded run' as grain, count(*) as "rows" from runs
union all
select 'meeting_lists', 'a meeting in a distinct list', count(*) from meeting_lists
union all
select 'session_snapshots', 'a live session observed in a slot', count(*) from session_snapshots
union all
select 'fetch_failures', 'a meeting whose outcome a run could not learn', count(*)
from fetch_failures
union all
select 'session_finals', 'an ended session as last reported', count(*) from session_finals
union all
select 'daily_totals', 'an app''s day as Cloudflare totals it', count(*) from daily_totals
union all
select 'outcomes (view)', 'a meeting in a run: live, idle or failed', count(*) from outcomes;
