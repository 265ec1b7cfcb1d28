"""The headline figures, each with what became of it since the period before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from etl.page import words
from etl.page.costs import cost_of
from etl.page.daily import MEETING
from etl.page.times import covered_seconds

if TYPE_CHECKING:
    from etl.page.found import Found, Usage

# With less of its snapshots, a period is no measure for another: sessions may have come and gone unseen.
COMPARABLE = 0.95


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A figure, what became of it, and a line below."""

    label: str
    value: str
    change: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What a period comes to."""

    minutes: float
    sessions: int
    unfinished: int
    participants: int | None
    other_minutes: dict[str, float]
    low_usd: float
    high_usd: float
    expected: int
    loaded: int
    unresolved: int

    @property
    def covered(self) -> float:
        """The share of the snapshots that are there."""
        return self.loaded / self.expected if self.expected else 0.0


def totals(usage: Usage, prices: pl.DataFrame) -> Totals:
    """Add up a period."""
    meetings = usage.growth.filter(pl.col("type") == MEETING)
    others = usage.growth.filter(pl.col("type") != MEETING).group_by("type").agg(pl.col("minutes").sum()).sort("type")
    at_once = usage.slots.filter("is_loaded").group_by("slot").agg(pl.col("participants").sum())
    costs = cost_of(usage.growth, prices)
    return Totals(
        minutes=float(meetings["minutes"].sum()),
        sessions=int(meetings["sessions"].sum()),
        unfinished=int(usage.growth["unfinished"].sum()),
        participants=max(at_once["participants"].to_list(), default=None),
        other_minutes=dict(others.iter_rows()),
        low_usd=sum(one.low_usd or 0.0 for one in costs),
        high_usd=sum(one.high_usd or 0.0 for one in costs),
        expected=usage.slots.height,
        loaded=int(usage.slots["is_loaded"].sum()),
        unresolved=int(usage.slots["unresolved"].sum()),
    )


def why_incomparable(found: Found, now: Totals) -> str:
    """Why no change is shown; nothing where one is."""
    if found.before is None:
        return "there are no snapshots of the period before"
    length = (found.before.period.until - found.before.period.since).total_seconds()
    before = covered_seconds(found.before) / length
    if before < COMPARABLE:
        return f"only {words.percent(before)} of the period before is covered by snapshots"
    if now.covered < COMPARABLE:
        return f"only {words.percent(now.covered)} of the snapshots of this period are there"
    return ""


def tiles(now: Totals, before: Totals | None) -> list[Tile]:
    """The headline; `before` is None where a change would mislead."""

    def changed(name: str) -> str:
        if before is None:
            return ""
        return words.change(getattr(now, name) or 0, getattr(before, name) or 0)

    coverage = f"{words.count(now.loaded)} of {words.count(now.expected)} snapshots"
    return [
        Tile(label="Minutes", value=words.count(now.minutes), change=changed("minutes"), note="in meetings"),
        Tile(label="Sessions", value=words.count(now.sessions), change=changed("sessions"), note="begun in meetings"),
        Tile(
            label="Peak",
            value=words.count(now.participants),
            change=changed("participants"),
            note="participants at a time",
        ),
        Tile(
            label="Estimated cost",
            value=words.usd(now.low_usd, now.high_usd),
            change=changed("high_usd"),
            note="meetings audio only, to everything with video",
        ),
        Tile(label="Coverage", value=words.percent(now.covered), change=changed("covered"), note=coverage),
    ]
