"""The figures of each day, and the bars of a chart of minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.page.query import IS_MEETING
from etl.page.totals import sum_participants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from etl.page.calendar import Span
    from etl.page.query import PeriodReports


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day's figures. Its minutes, sessions and peak are None if nothing is known of the day."""

    day: date
    minutes: float | None
    other_minutes: float | None
    sessions: int | None
    peak_participants: int | None
    expected_snapshots: int
    missing_snapshots: int
    covered_snapshots: int
    unresolved_outcomes: int

    @property
    def covered_share(self) -> float | None:
        """The share of the expected snapshots that know of at least one meeting; None if none is expected."""
        return self.covered_snapshots / self.expected_snapshots if self.expected_snapshots else None

    @property
    def is_unknown(self) -> bool:
        """True if nothing is known of the day, which is not the same as zero."""
        return self.minutes is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The minutes of a span. They are None if nothing is known of it."""

    span: Span
    minutes: float | None


def daily(reports: PeriodReports, dates: Iterable[date]) -> list[Day]:
    """Return the figures of each date."""
    minutes = reports.meeting_days.group_by("day").agg(
        minutes=pl.col("minutes").filter(IS_MEETING).sum().cast(pl.Float64),
        other_minutes=pl.col("minutes").filter(~IS_MEETING).sum().cast(pl.Float64),
        sessions=pl.col("sessions").filter(IS_MEETING).sum(),
    )
    snapshots = reports.coverage.group_by("day").agg(
        pl.col("expected_snapshots", "missing_snapshots", "covered_snapshots", "unresolved_outcomes").sum()
    )
    local_day = pl.col("slot").dt.convert_time_zone(reports.period.tz).dt.date().alias("day")
    peaks = sum_participants(reports).group_by(local_day).agg(peak_participants=pl.col("participants").max())
    days = pl.DataFrame({"day": list(dates)}, schema={"day": pl.Date})
    for frame in (minutes, snapshots, peaks):
        days = days.join(frame, on="day", how="left", maintain_order="left")
    return [_day(row) for row in days.iter_rows(named=True)]


def _day(row: Mapping[str, Any]) -> Day:
    counts = {name: value or 0 for name, value in row.items() if name.endswith(("_snapshots", "_outcomes"))}
    usage = {name: row[name] for name in ("minutes", "other_minutes", "sessions")}
    if counts["covered_snapshots"]:
        usage = {name: value or 0 for name, value in usage.items()}
    return Day(day=row["day"], peak_participants=row["peak_participants"], **usage, **counts)


def bars(days: Sequence[Day], spans: Sequence[Span]) -> list[Bar]:
    """Add up the minutes of the known days of each span."""
    return [Bar(span=span, minutes=_known_sum(day.minutes for day in days if span.covers(day.day))) for span in spans]


def hour_bars(reports: PeriodReports, minutes: pl.DataFrame, spans: Sequence[Span]) -> list[Bar]:
    """Return the minutes of each hour. An hour without minutes is known if a snapshot of it has figures."""
    by_hour = {(at.date(), at.hour): float(value) for at, value in minutes.iter_rows()}
    local = sum_participants(reports)["slot"].dt.convert_time_zone(reports.period.tz).to_list()
    known = {(at.date(), at.hour): 0.0 for at in local} | by_hour
    return [Bar(span=span, minutes=known.get((span.first, span.hour or 0))) for span in spans]


def _known_sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
