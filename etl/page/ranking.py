"""Meetings in an order: the busiest with a small drawing of their days, and those that changed most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.page import calendar, text
from etl.page.query import IS_MEETING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.page.calendar import Span
    from etl.page.query import MeetingKey, PageData, PeriodReports

_KEYS = ["app_id", "meeting_id"]
_MOST_BARS = 62
_MOST_CHANGES = 5
_SPARK_HEIGHT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A meeting with its minutes in the period and in the period before."""

    name: str
    minutes: float
    previous_minutes: float

    @property
    def size(self) -> float:
        """The size of the change in minutes."""
        return abs(self.minutes - self.previous_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedChanges:
    """The meetings that changed most in one way: at most five, and the number of all."""

    rows: Sequence[Change]
    count: int

    @property
    def shown(self) -> str:
        """The number of shown meetings, and that of all if it is larger: `3`, or `5 of 6`."""
        return f"{len(self.rows)} of {self.count:,}" if self.count > len(self.rows) else f"{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The meetings that changed most against the period before, by the way in which they changed."""

    risers: RankedChanges
    fallers: RankedChanges
    new: RankedChanges
    silent: RankedChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMeetings:
    """The meetings of the lists, by their use in the period. `unlisted` counts meetings in use that are in no list.

    `unused` has the ID and the last known title of each. `with_other_types` had sessions of other types only.
    """

    unused: Sequence[dict[str, Any]]
    count: int
    with_other_types: int
    unlisted: int


def draw_sparks(reports: PeriodReports, keys: Sequence[MeetingKey]) -> dict[MeetingKey, str]:
    """Draw the minutes of each day or week of some meetings as the path of small bars. All have one scale each."""
    spans = spark_spans(reports)
    chosen = reports.meeting_days.filter(IS_MEETING).join(
        pl.DataFrame(keys, schema=dict.fromkeys(_KEYS, pl.String), orient="row"), on=_KEYS, how="semi"
    )
    days: dict[MeetingKey, dict[Any, float]] = {key: {} for key in keys}
    for app_id, meeting_id, day, minutes in chosen.select(*_KEYS, "day", "minutes").iter_rows():
        days[app_id, meeting_id][day] = float(minutes)
    return {key: _spark([_sum(of_meeting, span) for span in spans]) for key, of_meeting in days.items()}


def spark_spans(reports: PeriodReports) -> list[Span]:
    """Return the spans of the bars in the small drawings: the days of a period, or its weeks."""
    return calendar.days_or_weeks(reports.period, most=_MOST_BARS)


def _sum(days: Mapping[Any, float], span: Span) -> float:
    return sum(minutes for day, minutes in days.items() if span.covers(day))


def _spark(values: Sequence[float]) -> str:
    most = max(values, default=0.0) or 1.0
    return "".join(
        f"M{place} {_SPARK_HEIGHT}v-{_SPARK_HEIGHT * value / most:.3g}h.8V{_SPARK_HEIGHT}z"
        for place, value in enumerate(values)
        if value > 0
    )


def find_changes(data: PageData, names: Mapping[MeetingKey, str]) -> Changes | None:
    """Compare the meetings with the period before. None if there is no such period."""
    if data.previous is None:
        return None
    now, before = (
        reports.meeting_days.filter(IS_MEETING)
        .group_by(_KEYS)
        .agg(pl.col("minutes").sum().cast(pl.Float64).alias(name))
        for reports, name in ((data.current, "minutes"), (data.previous, "previous_minutes"))
    )
    rows = now.join(before, on=_KEYS, how="full", coalesce=True).fill_null(0.0)
    rows = rows.with_columns(growth=pl.col("minutes") - pl.col("previous_minutes"))
    in_both = rows.filter((pl.col("minutes") > 0) & (pl.col("previous_minutes") > 0))
    new = rows.filter((pl.col("minutes") > 0) & (pl.col("previous_minutes") == 0))
    silent = rows.filter((pl.col("minutes") == 0) & (pl.col("previous_minutes") > 0))
    all_names = {key: text.name(title, key[1]) for key, title in data.previous_titles.items()} | dict(names)
    return Changes(
        risers=_largest(in_both.filter(pl.col("growth") > 0), "growth", all_names),
        fallers=_largest(in_both.filter(pl.col("growth") < 0), -pl.col("growth"), all_names),
        new=_largest(new, "minutes", all_names),
        silent=_largest(silent, "previous_minutes", all_names),
    )


def _largest(rows: pl.DataFrame, by: str | pl.Expr, names: Mapping[MeetingKey, str]) -> RankedChanges:
    order = rows.sort([by, *_KEYS], descending=[True, False, False]).head(_MOST_CHANGES)
    changes = [
        Change(name=names.get((app_id, meeting_id)) or text.name(meeting_id), minutes=now, previous_minutes=before)
        for app_id, meeting_id, now, before in order.select(*_KEYS, "minutes", "previous_minutes").iter_rows()
    ]
    return RankedChanges(rows=changes, count=rows.height)


def count_listed(data: PageData) -> ListedMeetings:
    """Count the listed meetings by their use in the period. Those without a session of any type are unused."""
    used = data.listed.join(data.current.meeting_days.select(_KEYS).unique(), on=_KEYS, how="semi")
    return ListedMeetings(
        unused=data.unused.to_dicts(),
        count=data.listed.height,
        with_other_types=used.join(data.meetings, on=_KEYS, how="anti").height,
        unlisted=data.meetings.join(data.listed, on=_KEYS, how="anti").height,
    )
