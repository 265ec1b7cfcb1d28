-- Grain: one row per session or breakout room.
-- Its figures are its final ones, or else those observed last, which are a lower bound.
create or replace view sessions as
select *
from sessions_between(timestamptz '-infinity', timestamptz 'infinity');
