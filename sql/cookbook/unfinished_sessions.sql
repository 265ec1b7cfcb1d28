-- Which sessions have ended, but have no final total yet?
-- Grain: one row per session that is not in the last snapshot any more.
-- Its minutes are a lower bound until reconcile has fetched its final total.
select
    meeting_display_name as meeting,
    started_at,
    last_observed_at,
    round(minutes, 1) as minutes_so_far,
    session_id
from sessions_between(now() - interval 30 days, now())
where not is_final
    and type <> 'breakout'
    and last_observed_at < (
        select max(slot)
        from runs
        where kind = 'snapshot'
            and slot <= now()
    )
order by last_observed_at desc, session_id;
