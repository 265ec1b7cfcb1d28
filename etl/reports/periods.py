"""Lengths of time, instants and periods, as people write them. All commands use this one parser."""

from __future__ import annotations

import math
import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from etl.errors import ConfigError
from etl.reports.zone_names import suggest_zones

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST, _LONGEST = timedelta(milliseconds=1), timedelta(days=366)

_LENGTH_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE_DAYS = re.compile(r"(\d{1,5})d", re.ASCII)
_DAYS_OR_WEEKS = re.compile(r"(\d{1,4}) ?(w|weeks?)?", re.ASCII)
_NO_UNIT = re.compile(r"[\d.]+")


class PeriodError(ValueError):
    """A period is not valid. `option` is the option whose text is wrong; None if two options contradict each other."""

    def __init__(self, message: str, *, option: str | None = None) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time from `since` up to, but not including, `until`. Its days and hours are those of the zone `tz`."""

    since: datetime
    until: datetime
    tz: str

    def __str__(self) -> str:
        until = f"{format_minute(self.until, self.tz)} ({self.tz})"
        if self.since == BEGINNING:
            return f"up to {until}"
        return f"{format_minute(self.since, self.tz)} to {until}"


def format_minute(instant: datetime, tz: str) -> str:
    """Format an instant for people, to the minute, in a zone."""
    return instant.astimezone(zoneinfo.ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")


def format_second(instant: datetime, tz: str) -> str:
    """Format an instant for people in a zone: to the minute, or to the second if it is not a whole minute."""
    return instant.astimezone(zoneinfo.ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


def parse_length(text: str, *, shortest: timedelta = SHORTEST) -> timedelta:
    """Parse a length of time such as 90s, 5m or 1h30m; only 0 needs no unit. Raises ValueError if it is not valid."""
    lowered = text.strip().lower()
    if lowered == "0":
        lowered = "0s"
    parts = _LENGTH_PART.findall(lowered)
    if not parts or "".join(number + unit for number, unit in parts) != lowered:
        raise ValueError(f"{text!r} is not a duration; write it like 30s, 5m, 1h or 1d.")
    if bare := next((number for number, unit in parts if not unit), None):
        raise ValueError(f"{text!r} has a number without a unit; write {bare}s for seconds, or {bare}m for minutes.")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not shortest.total_seconds() <= seconds <= _LONGEST.total_seconds():
        raise ValueError(f"{text!r} is out of range: from {shortest.total_seconds():g} s to a year.")
    return timedelta(seconds=seconds)


def format_duration(seconds: float) -> str:
    """Format a length of time as an option takes it, rounded up: 40s, 5m, 1h30m."""
    rest = math.ceil(seconds)
    if rest >= 600:  # noqa: PLR2004  # from ten minutes on, seconds don't matter
        rest = math.ceil(rest / 60) * 60
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, rest = divmod(rest, length)
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts) or "0s"


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 instant with its zone, such as 2026-11-23T12:00:00Z. Raises ValueError if it is not valid."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:  # without a zone it would be a guess
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text!r} is not an instant; write it with its zone, like 2026-11-23T12:00:00Z.")


def parse_period(*, since: str, until: str | None, tz: str, now: datetime) -> Period:
    """Parse the options --since, --until and --tz at the instant `now`. Raises PeriodError if they are not valid."""
    zone = parse_zone(tz)
    end = now if until is None else _parse_bound(until, zone, "--until", before=now)
    start = parse_since(since, zone, end)
    if start >= end:
        raise PeriodError(
            f"The period does not end after its start: --since {since} is {_in_zone(start, zone)}, "
            f"--until {until or 'now'} is {_in_zone(end, zone)}."
        )
    return Period(since=start, until=end, tz=tz)


def parse_since(text: str, zone: zoneinfo.ZoneInfo, end: datetime) -> datetime:
    """Parse where a period begins that ends at `end`. Raises PeriodError if the text is not valid.

    `7d` are the seven whole days before the day of `end` in the zone. `12h` is twelve hours before `end`. A date is its
    midnight in the zone, and `all` is 1970.
    """
    return BEGINNING if text == "all" else _parse_bound(text, zone, "--since", before=end)


def parse_zone(tz: str) -> zoneinfo.ZoneInfo:
    """Look up a time zone by its name. Raises PeriodError with suggestions for an unknown name."""
    # Python has these two names as well, but the first is not a zone and DuckDB does not know the second.
    names = zoneinfo.available_timezones() - {"localtime", "Factory"}
    if not names:
        raise ConfigError("this machine has no database of time zones; run: pip install tzdata")
    if tz in names:
        return zoneinfo.ZoneInfo(tz)
    raise PeriodError(f"{tz!r} is not a time zone. {suggest_zones(tz, names)}", option="--tz")


def midnight(day: date, zone: zoneinfo.ZoneInfo) -> datetime:
    """Return the first instant of a day in a zone, also on a day that has two midnights, or none."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _parse_bound(text: str, zone: zoneinfo.ZoneInfo, option: str, *, before: datetime) -> datetime:
    """Parse a date in the zone, an instant, or a length of time before another instant.

    Whole days such as `7d` lead to the midnight so many days before the day of that instant, but not to before 1970.
    """
    if days := _WHOLE_DAYS.fullmatch(text):
        try:
            return max(midnight(before.astimezone(zone).date() - timedelta(days=int(days[1])), zone), BEGINNING)
        except OverflowError:
            return BEGINNING
    try:
        if _DATE.fullmatch(text):
            return midnight(date.fromisoformat(text), zone)
        if text[:4].isdecimal() and "-" in text:
            return parse_instant(text)
        if not _NO_UNIT.fullmatch(text):  # 30 could mean days as well as seconds
            return before - parse_length(text)
    except (ValueError, OverflowError):
        pass
    raise PeriodError(
        f"{text!r} is neither a length of time (30d, 12h), nor a date (2026-11-01), nor an instant "
        f"(2026-11-01T14:05:00Z).{_suggestion(text)}",
        option=option,
    )


def _suggestion(text: str) -> str:
    """Suggest days in the place of a number without a unit, of weeks, and of yesterday."""
    number = _DAYS_OR_WEEKS.fullmatch(text)
    days = "1" if text == "yesterday" else number and str(int(number[1]) * (7 if number[2] else 1))
    return f" Did you mean {days}d?" if days else ""


def _in_zone(instant: datetime, zone: zoneinfo.ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="minutes")
