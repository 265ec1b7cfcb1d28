"""The figures of each day, and the bars of a chart of minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.page.query import IS_MEETING, sum_participants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from etl.page.calendar import Span
    from etl.page.query import MeetingKey, PeriodReports


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
    """The minutes of a meeting in a span. The meetings that are not named share a bar, whose key is None."""

    span: Span
    key: MeetingKey | None
    base: float
    minutes: float


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


def bars(reports: PeriodReports, spans: Sequence[Span], keys: Sequence[MeetingKey]) -> list[Bar]:
    """Stack the minutes of each span: the meetings of `keys` in their order, and all others on top."""
    minutes = _minutes_by_day(reports, keys)
    stacked = []
    for span in spans:
        base = 0.0
        for key in (*keys, None):
            height = sum(value for day, value in minutes[key] if span.first <= day <= span.last)
            if height > 0:
                stacked.append(Bar(span=span, key=key, base=base, minutes=height))
            base += height
    return stacked


def _minutes_by_day(
    reports: PeriodReports, keys: Sequence[MeetingKey]
) -> dict[MeetingKey | None, list[tuple[date, float]]]:
    """Return the minutes of each of the keys, and of all other meetings under None."""
    positions = pl.DataFrame(
        [(app_id, meeting_id, position) for position, (app_id, meeting_id) in enumerate(keys)],
        schema={"app_id": pl.String, "meeting_id": pl.String, "position": pl.Int64},
        orient="row",
    )
    rows = reports.meeting_days.filter(IS_MEETING).join(positions, on=["app_id", "meeting_id"], how="left")
    minutes: dict[MeetingKey | None, list[tuple[date, float]]] = {key: [] for key in (*keys, None)}
    for position, day, value in (
        rows.group_by("position", "day").agg(pl.col("minutes").sum().cast(pl.Float64)).iter_rows()
    ):
        minutes[None if position is None else keys[position]].append((day, value))
    return minutes
