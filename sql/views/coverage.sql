-- grain: an app's slot that the schedule has, whether a run is loaded for it, and how many meetings have no outcome in it
create or replace view coverage as
select *
from slots_between(timestamptz '-infinity', timestamptz 'infinity');
