-- What may each meeting have cost last month, at most?
-- Grain: one row per meeting, the ten with the most minutes of the last calendar month (UTC).
-- An estimate: every minute at the price of audio and video, 0.002 USD.
-- Cloudflare does not document that it bills minutes_consumed.
select
    meeting_id,
    round(sum(minutes), 1) as minutes,
    round(sum(minutes) * 0.002, 2) as at_most_usd
from minutes_between(
    (date_trunc('month', now() at time zone 'UTC') - interval 1 month) at time zone 'UTC',
    date_trunc('month', now() at time zone 'UTC') at time zone 'UTC',
    'UTC', 'day', true
)
where type = 'meeting'
group by meeting_id
order by sum(minutes) desc, meeting_id
limit 10;
