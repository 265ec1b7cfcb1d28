-- The earliest instant at which an ended session can have ended, if its figures do not say when.
-- With the most participants there all the time, its minutes took minutes / max_participants. When
-- its figures were fetched, it had ended. Without participants, it is the start of the session.
create or replace macro earliest_end_at(started_at, minutes, max_participants, fetched_at) as
    started_at + to_microseconds(cast(greatest(least(
        60e6 * coalesce(minutes / nullif(max_participants, 0), 0),
        epoch_us(fetched_at) - epoch_us(started_at)
    ), 0) as bigint));
