-- Grain: one row, with the first slot after the last gap of more than 366 days before $until.
-- It is empty without a snapshot before $until.
with slots as (
    select slot, lag(slot) over (order by slot) as previous_slot
    from runs
    where kind = 'snapshot'
        and slot < $until
)

select max(slot) as first_slot
from slots
where previous_slot is null
    or slot - previous_slot > interval 366 days;
