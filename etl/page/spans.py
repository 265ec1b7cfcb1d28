"""The days of a period, the weeks where days would be too narrow, and the ticks of an axis of time.

Instants become seconds since the period's begin: days of 23 and 25 hours have their width, and no hour comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from etl.reports.periods import Period

_DAY = timedelta(days=1)
_WEEK = 7
_TICK_DAYS = (1, 2, _WEEK, 2 * _WEEK)
_TICK_MONTHS = (1, 2, 3, 6, 12, 24, 60)
_TICK_HOURS = (1, 2, 3, 6, 12)
_MOST_MONTHS_OF_DAYS = 70


@dataclass(frozen=True)
class Span:
    """Some days of the period, from the second `begin` to the second `end` of it."""

    first: date
    last: date
    begin: float
    end: float

    @property
    def text(self) -> str:
        """What it is called."""
        first = f"{self.first:%a} {self.first.day} {self.first:%b}"
        return first if self.first == self.last else f"{first} to {self.last:%a} {self.last.day} {self.last:%b}"


class Tick(NamedTuple):
    """A place on the axis, in seconds, and what stands there."""

    second: float
    text: str


def days(period: Period) -> list[Span]:
    """The period's days in its zone; the first and the last may be parts of one."""
    return [_span(period, day, day) for day in _dates(period)]


def weeks(period: Period) -> list[Span]:
    """The period's weeks, from Monday to Sunday; the first and the last may be parts of one."""
    dates = list(_dates(period))
    begins = [day for day in dates if day == dates[0] or day.weekday() == 0]
    ends = [day - _DAY for day in begins[1:]] + [dates[-1]]
    return [_span(period, first, last) for first, last in zip(begins, ends, strict=True)]


def spans(period: Period, *, most: int) -> list[Span]:
    """Days, or weeks where there are more than `most` days."""
    found = days(period)
    return found if len(found) <= most else weeks(period)


def second(period: Period, at: datetime) -> float:
    """How far into the period an instant is."""
    return (at - period.since).total_seconds()


def ticks(period: Period, *, most: int) -> list[Tick]:
    """At most about so many places of round times: full hours, midnights, Mondays or the first of months."""
    dates = list(_dates(period))
    if len(dates) <= 2:  # noqa: PLR2004  # a night between two days, at most
        return _thinned(list(_hours(period)), most, _TICK_HOURS)
    if len(dates) // _TICK_DAYS[-1] < most and len(dates) <= _MOST_MONTHS_OF_DAYS:
        step = next((one for one in _TICK_DAYS if len(dates) <= one * most), _TICK_DAYS[-1])
        return [_at_midnight(period, day, f"{day.day} {day:%b}") for day in _stepped(dates, step)]
    months = [day for day in dates if day.day == 1]
    step = next((one for one in _TICK_MONTHS if len(months) <= one * most), _TICK_MONTHS[-1])
    chosen = [day for day in months if (12 * day.year + day.month - 1) % step == 0]
    return [_at_midnight(period, day, f"{day:%b %Y}" if day.month == 1 or step > 1 else f"{day:%b}") for day in chosen]


def _stepped(dates: list[date], step: int) -> list[date]:
    """Every so many days; by weeks they are Mondays."""
    begin = next((place for place, day in enumerate(dates) if day.weekday() == 0), 0) if step >= _WEEK else 0
    return dates[begin::step]


def _hours(period: Period) -> Iterator[tuple[int, Tick]]:
    at = period.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while at < period.until:
        local = at.astimezone(ZoneInfo(period.tz))
        if at >= period.since and local.minute == 0:
            yield local.hour, Tick(second(period, at), f"{local:%H:%M}")
        at += timedelta(hours=1)


def _thinned(hours: list[tuple[int, Tick]], most: int, steps: tuple[int, ...]) -> list[Tick]:
    step = next((one for one in steps if len(hours) <= one * most), steps[-1])
    return [tick for hour, tick in hours if hour % step == 0]


def _at_midnight(period: Period, day: date, text: str) -> Tick:
    return Tick(max(0.0, second(period, _midnight(day, period.tz))), text)


def _dates(period: Period) -> Iterator[date]:
    """The dates that the period touches."""
    zone = ZoneInfo(period.tz)
    day = period.since.astimezone(zone).date()
    last = (period.until - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += _DAY


def _span(period: Period, first: date, last: date) -> Span:
    begin = max(period.since, _midnight(first, period.tz))
    end = min(period.until, _midnight(last + _DAY, period.tz))
    return Span(first, last, second(period, begin), second(period, end))


def _midnight(day: date, tz: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(tz)).astimezone(UTC)
