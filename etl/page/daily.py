"""Minutes a day by meeting, and how much of each day is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from etl.page.found import MeetingKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from etl.page.found import Usage
    from etl.page.spans import Span

MEETING = "meeting"
OTHERS = "others"


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day: minutes by type, sessions begun, the most participants, snapshots; None where nothing is known."""

    day: date
    minutes: float | None
    sessions: int | None
    participants: int | None
    other_minutes: float
    expected: int
    loaded: int
    unresolved: int


@dataclass(frozen=True)
class Bar:
    """What one meeting, or all others together (None), grew by in a span; `base` lies below it."""

    span: Span
    key: MeetingKey | None
    base: float
    minutes: float


def by_day(usage: Usage, dates: Sequence[date]) -> list[Day]:
    """The figures of each day."""
    grown = {row["day"]: row for row in _grown(usage.growth).iter_rows(named=True)}
    seen = {row["day"]: row for row in _seen(usage).iter_rows(named=True)}
    return [_day(one, grown.get(one, {}), seen.get(one, {})) for one in dates]


def bars(usage: Usage, spans: Sequence[Span], keys: Sequence[MeetingKey]) -> list[Bar]:
    """The minutes of the type meeting in each span, those of `keys` apart, in their order, the others on top."""
    minutes = _by_key(usage.growth, keys)
    found = []
    for span in spans:
        base = 0.0
        for key in (*keys, None):
            grown = sum(value for day, value in minutes.get(key, ()) if span.first <= day <= span.last)
            if grown > 0:
                found.append(Bar(span, key, base, grown))
            base += grown
    return found


def _by_key(growth: pl.DataFrame, keys: Sequence[MeetingKey]) -> dict[MeetingKey | None, list[tuple[date, float]]]:
    """Days and minutes of each of the keys, and of all others under None."""
    found: dict[MeetingKey | None, list[tuple[date, float]]] = {}
    meetings = growth.filter(pl.col("type") == MEETING)
    named = pl.DataFrame(
        {"app_id": [key.app_id for key in keys], "meeting_id": [key.meeting_id for key in keys]},
        schema={"app_id": pl.String, "meeting_id": pl.String},
    )
    on = ["app_id", "meeting_id"]
    for app_id, meeting_id, day, minutes in (
        meetings.join(named, on=on, how="semi").select(*on, "day", "minutes").iter_rows()
    ):
        found.setdefault(MeetingKey(app_id, meeting_id), []).append((day, minutes))
    others = meetings.join(named, on=on, how="anti").group_by("day").agg(pl.col("minutes").sum())
    found[None] = list(others.select("day", "minutes").iter_rows())
    return found


def _grown(growth: pl.DataFrame) -> pl.DataFrame:
    is_meeting = pl.col("type") == MEETING
    return growth.group_by("day").agg(
        minutes=pl.col("minutes").filter(is_meeting).sum(),
        other_minutes=pl.col("minutes").filter(~is_meeting).sum(),
        sessions=pl.col("sessions").filter(is_meeting).sum(),
    )


def _seen(usage: Usage) -> pl.DataFrame:
    """Slots by day; participants are those of all apps at a time."""
    day = pl.col("slot").dt.convert_time_zone(usage.period.tz).dt.date().alias("day")
    at_once = usage.slots.group_by("slot").agg(
        participants=pl.when(pl.col("is_loaded").any()).then(pl.col("participants").sum()),
        expected=pl.len(),
        loaded=pl.col("is_loaded").sum(),
        unresolved=pl.col("unresolved").sum(),
    )
    sums = [pl.col(name).sum() for name in ("expected", "loaded", "unresolved")]
    return at_once.group_by(day).agg(pl.col("participants").max(), *sums)


def _day(day: date, grown: dict[str, float], seen: dict[str, int]) -> Day:
    is_known = bool(grown) or seen.get("loaded", 0) > 0
    return Day(
        day=day,
        minutes=grown.get("minutes", 0.0) if is_known else None,
        sessions=int(grown.get("sessions", 0)) if is_known else None,
        participants=seen.get("participants"),
        other_minutes=grown.get("other_minutes", 0.0),
        expected=seen.get("expected", 0),
        loaded=seen.get("loaded", 0),
        unresolved=seen.get("unresolved", 0),
    )
