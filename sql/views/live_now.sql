-- Grain: one row per session that is live, as the newest outcome of its meeting tells: see live_at.
-- slot says how old that outcome is.
create or replace view live_now as
select * exclude (observed_at)
from live_at(timestamptz 'infinity');
