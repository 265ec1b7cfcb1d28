-- Grain: one row, with the slots of the period, those that are missing, and the outcomes that are
-- known and unknown. A run counts each meeting whose outcome it learned, and a repeated run asks
-- only for the others.
with period_slots as (
    select *
    from slots_between($since, $until)
    where $app_id is null
        or app_id = $app_id
),

known as (
    select sum(live + idle) as outcomes
    from runs
    where kind = 'snapshot'
        and slot >= $since
        and slot < $until
        and (
            $app_id is null
            or list_id = 'all:' || $app_id
            or list_id in (select list_id from meeting_lists where app_id = $app_id)
        )
)

select
    count(*) as slots,
    count(*) filter (where not is_loaded) as missing_slots,
    cast(coalesce((select outcomes from known), 0) as bigint) as known_outcomes,
    cast(coalesce(sum(unresolved_meetings), 0) as bigint) as unknown_outcomes
from period_slots;
