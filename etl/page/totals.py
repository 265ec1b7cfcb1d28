"""The figures of a whole period, added up from the rows of its reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.page.query import IS_MEETING

if TYPE_CHECKING:
    from etl.page.query import PeriodReports

_FEW_SNAPSHOTS = 10  # with fewer, a peak or a share of all snapshots would be an accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The figures of a whole period. Minutes, sessions and participants are those of the type meeting.

    Without figures, minutes, sessions and cost are not known: they are 0 here, and must not be shown.
    """

    has_figures: bool
    minutes: float
    final_minutes: float
    sessions: int
    peak_participants: int | None
    live_sessions: int
    unfinished_sessions: int
    other_minutes: dict[str, float]
    low_usd: float
    high_usd: float
    expected_snapshots: int
    missing_snapshots: int
    covered_snapshots: int
    unresolved_outcomes: int

    @property
    def covered_share(self) -> float:
        """The share of the expected snapshots that know of at least one meeting."""
        return self.covered_snapshots / self.expected_snapshots if self.expected_snapshots else 0.0

    @property
    def has_few_snapshots(self) -> bool:
        """True if some snapshots have figures, but too few to judge by."""
        return 0 < self.covered_snapshots < _FEW_SNAPSHOTS


def compute_totals(reports: PeriodReports) -> Totals:
    """Add up the rows of a period."""
    rows, coverage = reports.meeting_days, reports.coverage
    meetings = rows.filter(IS_MEETING)
    others = rows.filter(~IS_MEETING).group_by("type").agg(pl.col("minutes").sum()).sort("type")
    return Totals(
        has_figures=not rows.is_empty() or coverage["covered_snapshots"].sum() > 0,
        minutes=float(meetings["minutes"].sum()),
        final_minutes=float(meetings["final_minutes"].sum()),
        sessions=int(meetings["sessions"].sum()),
        peak_participants=max(sum_participants(reports)["participants"].to_list(), default=None),
        live_sessions=int(rows["live_sessions"].sum()),
        unfinished_sessions=int(rows["unfinished_sessions"].sum()),
        other_minutes={type_: float(minutes) for type_, minutes in others.iter_rows()},
        low_usd=float(rows["low_usd"].sum()),
        high_usd=float(rows["high_usd"].sum()),
        expected_snapshots=int(coverage["expected_snapshots"].sum()),
        missing_snapshots=int(coverage["missing_snapshots"].sum()),
        covered_snapshots=int(coverage["covered_snapshots"].sum()),
        unresolved_outcomes=int(coverage["unresolved_outcomes"].sum()),
    )


def compute_costs(reports: PeriodReports) -> list[dict[str, Any]]:
    """Return the minutes and the cost of each type of session, the most minutes first, and of all types."""
    figures = pl.col("minutes", "low_usd", "high_usd").sum().cast(pl.Float64)
    by_type = reports.meeting_days.group_by("type").agg(figures).sort(["minutes", "type"], descending=[True, False])
    return [*by_type.to_dicts(), {"type": "all"} | reports.meeting_days.select(figures).row(0, named=True)]


def sum_participants(reports: PeriodReports) -> pl.DataFrame:
    """Add up the participants of all apps at each slot. Slots of which nothing is known are left out."""
    known = reports.concurrency.filter(pl.col("participants").is_not_null())
    return known.group_by("slot").agg(pl.col("participants").sum()).sort("slot")
