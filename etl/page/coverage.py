"""The covered share of days and weeks. A part of a day is drawn as a part, at the first snapshot as at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from etl.reports.periods import midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from etl.page.calendar import Span
    from etl.page.daily import Day
    from etl.page.query import PageData
    from etl.reports.periods import Period


def covered_shares(data: PageData, days: Sequence[Day], spans: Sequence[Span]) -> list[tuple[Span, float | None]]:
    """Return the covered share of each span. The time before the first snapshot of all has none."""
    period, first = data.drawn.period, _first_snapshot(data)
    parts = [part for span in spans for part in _cut(span, period, first)]
    return [
        (_named(part, period), None if part.end <= first else _share([day for day in days if part.covers(day.day)]))
        for part in parts
    ]


def _first_snapshot(data: PageData) -> float:
    """Return the second of the first snapshot, or 0 if there may be snapshots before the period."""
    period = data.drawn.period
    if not data.no_data_before and period == data.current.period:
        return 0.0
    first = min(data.drawn.concurrency["slot"].to_list(), default=period.since)
    return float((first - period.since).total_seconds())


def _cut(span: Span, period: Period, second: float) -> Iterator[Span]:
    """Cut a span in two at a second of the period that is within it."""
    if not span.begin < second < span.end:
        yield span
        return
    at = _local(period, second)
    yield replace(span, last=(at - timedelta(microseconds=1)).date(), end=second)
    yield replace(span, first=at.date(), begin=second)


def _named(span: Span, period: Period) -> Span:
    """Let a part of a day say when it begins and ends."""
    begin, end = _local(period, span.begin), _local(period, span.end)
    parts = [f" {word} {at:%H:%M}" for word, at in (("from", begin), ("until", end)) if at != _midnight(at)]
    return replace(span, part="".join(parts))


def _share(days: Sequence[Day]) -> float | None:
    expected = sum(day.expected_snapshots for day in days)
    return sum(day.covered_snapshots for day in days) / expected if expected else None


def _local(period: Period, second: float) -> datetime:
    return (period.since + timedelta(seconds=second)).astimezone(ZoneInfo(period.tz))


def _midnight(at: datetime) -> datetime:
    return midnight(at.date(), ZoneInfo(str(at.tzinfo)))
