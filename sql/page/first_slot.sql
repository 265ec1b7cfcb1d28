-- Grain: one row, with the first slot after the last gap of more than 366 days before $until.
-- It is empty without a snapshot before $until. Only the first and the last slot of a day can be at
-- the end of such a gap.
with days as (
    select min(slot) as first_slot, max(slot) as last_slot
    from runs
    where kind = 'snapshot'
        and slot < $until
    group by epoch_us(slot) // 86_400_000_000
),

next_days as (
    select first_slot, lag(last_slot) over (order by first_slot) as previous_slot
    from days
)

select max(first_slot) as first_slot
from next_days
where previous_slot is null
    or first_slot - previous_slot > interval 366 days;
