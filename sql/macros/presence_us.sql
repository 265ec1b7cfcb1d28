-- The participants' time in the first microseconds (passed_us) of a stretch, in whole microseconds.
-- Over the stretch, the number of participants changes evenly.
create or replace macro presence_us(passed_us, from_participants, to_participants, stretch_us) as
    cast(round(
        passed_us * (
            from_participants + (to_participants - from_participants) * (passed_us / stretch_us) / 2
        )
    ) as bigint);
