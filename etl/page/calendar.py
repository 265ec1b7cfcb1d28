"""The days and weeks of a period, and the labels of a time axis.

Instants are seconds since the start of the period, so days of 23 and 25 hours have their own width.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from etl.reports.periods import midnight

if TYPE_CHECKING:
    from datetime import date, datetime

    from etl.reports.periods import Period

_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
_DAYS_OF_WEEK = 7
_HOUR_STEPS = (1, 2, 3, 6, 12)
_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
_MOST_DAYS_FOR_DAY_LABELS = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Some days of the period, or one `hour` of a day, from the second `begin` to the second `end`.

    `part` says which part of a day it is, such as ` from 15:00`.
    """

    first: date
    last: date
    begin: float
    end: float
    hour: int | None = None
    part: str = ""

    def covers(self, day: date) -> bool:
        """Return True if the span has the day."""
        return self.first <= day <= self.last

    @property
    def text(self) -> str:
        """The days in words: `Mon 2 Nov`, `Mon 2 Nov from 15:00`, `Mon 2 Nov to Sun 8 Nov`, or `Mon 2 Nov, 14:00`."""
        first, last = (f"{day:%a} {day.day} {day:%b}" for day in (self.first, self.last))
        if self.hour is not None:
            return f"{first}, {self.hour:02}:00"
        return f"{first if self.first == self.last else f'{first} to {last}'}{self.part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A label of the time axis, at a second of the period."""

    second: float
    text: str


def days(period: Period) -> list[Span]:
    """Return the days of the period in its time zone. The first and the last may be parts of a day."""
    return [_span(period, day, day) for day in _dates(period)]


def weeks(period: Period) -> list[Span]:
    """Return the weeks of the period, Monday to Sunday. The first and the last may be parts of a week."""
    dates = _dates(period)
    firsts = [day for day in dates if day == dates[0] or day.weekday() == 0]
    lasts = [day - _DAY for day in firsts[1:]] + [dates[-1]]
    return [_span(period, first, last) for first, last in zip(firsts, lasts, strict=True)]


def hours(period: Period) -> list[Span]:
    """Return the hours of the period in its time zone. An hour that clocks repeat is one span of two hours."""
    start = period.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    seconds: dict[tuple[date, int], list[float]] = {}
    for number in range(-(-(period.until - start) // _QUARTER)):
        begin, end = start + number * _QUARTER, start + (number + 1) * _QUARTER
        if end > period.since:
            local = begin.astimezone(ZoneInfo(period.tz))
            within = (max(begin, period.since), min(end, period.until))
            seconds.setdefault((local.date(), local.hour), []).extend(
                (at - period.since).total_seconds() for at in within
            )
    return [
        Span(first=day, last=day, begin=min(instants), end=max(instants), hour=hour)
        for (day, hour), instants in seconds.items()
    ]


def days_or_weeks(period: Period, *, most: int) -> list[Span]:
    """Return the days of the period, or its weeks if there are more than `most` days."""
    spans = days(period)
    return spans if len(spans) <= most else weeks(period)


def ticks(period: Period, *, most: int, by_day: bool = False) -> list[Tick]:
    """Return at most about `most` labels: hours (not `by_day`), midnights, Mondays, or the first days of months."""
    dates = _dates(period)
    if len(dates) <= 2 and not by_day:  # noqa: PLR2004  # one day, or one night between two days
        return _hour_ticks(period, most)
    if len(dates) <= min(_MOST_DAYS_FOR_DAY_LABELS, most * _DAY_STEPS[-1]):
        return _day_ticks(period, dates, most)
    return _month_ticks(period, dates, most)


def _hour_ticks(period: Period, most: int) -> list[Tick]:
    start = period.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    instants = [start + number * _QUARTER for number in range((period.until - start) // _QUARTER + 1)]
    local = [at.astimezone(ZoneInfo(period.tz)) for at in instants if period.since <= at < period.until]
    full_hours = [at for at in local if at.minute == 0]
    step = _step(len(full_hours), most, _HOUR_STEPS)
    return [_tick(period, at, f"{at:%H:%M}") for at in full_hours if at.hour % step == 0]


def _day_ticks(period: Period, dates: list[date], most: int) -> list[Tick]:
    step = _step(len(dates), most, _DAY_STEPS)
    by_week = step >= _DAYS_OF_WEEK
    start = next((place for place, day in enumerate(dates) if day.weekday() == 0), 0) if by_week else 0
    return [_tick(period, midnight(day, ZoneInfo(period.tz)), f"{day.day} {day:%b}") for day in dates[start::step]]


def _month_ticks(period: Period, dates: list[date], most: int) -> list[Tick]:
    firsts = [day for day in dates if day.day == 1]
    step = _step(len(firsts), most, _MONTH_STEPS)
    chosen = [day for day in firsts if (12 * day.year + day.month - 1) % step == 0]
    texts = [f"{day:%b %Y}" if day.month == 1 or step > 1 else f"{day:%b}" for day in chosen]
    return [_tick(period, midnight(day, ZoneInfo(period.tz)), text) for day, text in zip(chosen, texts, strict=True)]


def _step(count: int, most: int, steps: tuple[int, ...]) -> int:
    """Return the smallest step that leaves at most so many labels."""
    return next((step for step in steps if count <= step * most), steps[-1])


def _tick(period: Period, at: datetime, text: str) -> Tick:
    return Tick(second=max(0.0, (at - period.since).total_seconds()), text=text)


def _dates(period: Period) -> list[date]:
    """Return the dates that the period touches."""
    zone = ZoneInfo(period.tz)
    first = period.since.astimezone(zone).date()
    last = (period.until - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + number * _DAY for number in range((last - first).days + 1)]


def _span(period: Period, first: date, last: date) -> Span:
    begin = max(period.since, midnight(first, ZoneInfo(period.tz)))
    end = min(period.until, midnight(last + _DAY, ZoneInfo(period.tz)))
    seconds = ((at - period.since).total_seconds() for at in (begin, end))
    return Span(first=first, last=last, begin=next(seconds), end=next(seconds))
