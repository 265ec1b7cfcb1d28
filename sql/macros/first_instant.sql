-- The instant at which a local time first shows on the clocks of a time zone.
-- Where clocks are put back, a local time comes twice, and AT TIME ZONE returns the second instant.
-- For a local time that clocks skip, the result is the instant of the skip.
create or replace macro first_instant(local_time, tz) as
    case
        when timezone(tz, timezone(tz, local_time) - interval 1 hour) = local_time
            then timezone(tz, local_time) - interval 1 hour
        else timezone(tz, local_time)
    end;
