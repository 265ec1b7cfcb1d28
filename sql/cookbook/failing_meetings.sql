-- Which meetings failed most often?
-- Grain: one row per meeting and kind of failure, the ten with the most in the last 30 days.
-- Theme: Is anything missing
select
    meeting_id,
    kind,
    count(*) as failures,
    max(slot) as last_failed_at,
    arg_max(message, slot) as last_message
from fetch_failures
where slot >= now() - interval 30 days
group by meeting_id, kind
order by failures desc, meeting_id, kind
limit 10;
