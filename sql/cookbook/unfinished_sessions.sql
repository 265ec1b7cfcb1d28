-- Which sessions have ended, but have no final total yet?
-- grain: a session that is not in the last snapshot any more; its minutes are a lower bound until reconcile has asked
select
    meeting_display_name as meeting,
    started_at,
    last_observed_at,
    round(minutes, 1) as minutes_so_far,
    session_id
from sessions_between(now() - interval 30 days, now())
where not is_final
    and type <> 'breakout'
    and last_observed_at < (select max(slot) from runs where kind = 'snapshot')
order by last_observed_at desc, session_id;
