-- The local day or hour (unit) of a quarter of an hour, which is a number of quarters since 1970.
-- Time zones differ from UTC by whole quarters of an hour, so each quarter lies in one hour.
create or replace macro local_bucket(quarter_hour, tz, unit) as
    date_trunc(unit, to_timestamp(900 * quarter_hour) at time zone tz);
