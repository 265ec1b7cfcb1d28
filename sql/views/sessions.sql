-- grain: a session or breakout room, as best known: its final figures, or else those last observed (then a lower bound)
create or replace view sessions as
select *
from sessions_between(timestamptz '-infinity', timestamptz 'infinity');
