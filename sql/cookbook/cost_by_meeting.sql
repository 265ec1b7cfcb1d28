-- What may each meeting have cost last month, at most?
-- Grain: one row per meeting, the ten with the most minutes of the last calendar month (UTC).
-- An estimate: every minute at the high price of the price file, which is that of audio and video.
-- Cloudflare does not document that it bills minutes_consumed. The path of the price file is
-- relative to the directory of the project; elsewhere, write the whole path of your price file.
-- Theme: How much
select
    meeting_id,
    round(sum(minutes), 1) as minutes,
    round(sum(minutes * high_usd_per_minute), 2) as at_most_usd
from minutes_between(
    (date_trunc('month', now() at time zone 'UTC') - interval 1 month) at time zone 'UTC',
    date_trunc('month', now() at time zone 'UTC') at time zone 'UTC',
    'UTC', 'day', true
)
left join price_list('sql/prices.csv') as prices using (type)
where type = 'meeting'
group by meeting_id
order by sum(minutes) desc, meeting_id
limit 10;
