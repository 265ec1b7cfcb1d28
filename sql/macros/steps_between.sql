-- The times after from_at and before to_at at which a schedule has a step: the list of them.
-- A time that is less than half a step before to_at is to_at itself, early or late.
-- After more than 366 days the schedule is interrupted, and the list is empty. So the list stays
-- short, however far apart two clocks have set the two times.
create or replace macro steps_between(from_at, to_at, step) as generate_series(
    from_at + step,
    case when to_at - from_at > interval 366 days then from_at else to_at - step / 2 end,
    step
);
