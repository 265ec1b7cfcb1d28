-- The instant at which a local time first shows on the clocks of a zone; DuckDB takes the last one where a clock is put
-- back, so that an hour, or in some zones a midnight, comes twice. One that is skipped is the instant of the skip.
create or replace macro first_instant(local_time, tz) as
    case
        when timezone(tz, timezone(tz, local_time) - interval 1 hour) = local_time
            then timezone(tz, local_time) - interval 1 hour
        else timezone(tz, local_time)
    end;
