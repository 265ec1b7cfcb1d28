-- Which sessions have ended, but have no final total yet?
-- Grain: one row per session that is not live any more, and has no final total.
-- Its minutes are a lower bound until reconcile has fetched its final total.
-- Theme: Sessions
select
    meeting_display_name as meeting,
    started_at,
    last_observed_at,
    round(minutes, 1) as minutes_so_far,
    session_id
from sessions_between(now() - interval 30 days, now())
where not is_final
    and not is_live
    and type <> 'breakout'
order by last_observed_at desc, session_id;
