"""The tables: the figures behind each chart, and those that no chart shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from etl.page import words
from etl.page.daily import MEETING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from etl.page.costs import Cost
    from etl.page.daily import Day
    from etl.page.found import Accuracy, Found, MeetingKey
    from etl.page.times import Hour, Peak

MOST_ROWS = 400


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns whose names end with `#` hold figures, with `~` what must not be broken; the first cell names a row.

    `shares` of the longest are drawn as bars below the first cells.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    shares: Sequence[float] = field(default=())


def days(found: Sequence[Day]) -> Table:
    """A row a day, the last ones where there are too many."""
    rows = [
        [
            words.day(one.day),
            words.tenths(one.minutes),
            words.count(one.sessions),
            words.count(one.participants),
            words.tenths(one.other_minutes) if one.minutes is not None else words.NOTHING,
        ]
        for one in found[-MOST_ROWS:]
    ]
    columns = ["day", "minutes#", "sessions begun#", "peak participants#", "minutes of other types#"]
    return Table(caption=f"Each day{_last(len(found))}", columns=columns, rows=rows)


def coverage(found: Sequence[Day]) -> Table:
    """A row a day."""
    rows = [
        [
            words.day(one.day),
            words.count(one.expected),
            words.count(one.loaded),
            words.count(one.expected - one.loaded),
            words.percent(one.loaded / one.expected if one.expected else None),
            words.count(one.unresolved),
        ]
        for one in found[-MOST_ROWS:]
    ]
    columns = ["day", "expected#", "loaded#", "missing#", "coverage#", "unresolved outcomes#"]
    return Table(caption=f"Snapshots of each day{_last(len(found))}", columns=columns, rows=rows)


def participants(peaks: Sequence[Peak], names: Mapping[str, str]) -> Table:
    """The most participants of each day, and for how long snapshots are missing, a row an app and day."""
    is_one = len(names) == 1
    rows = [
        [
            words.day(one.day),
            *([] if is_one else [names[one.app_id]]),
            words.count(one.participants),
            words.duration(one.missing_minutes),
        ]
        for one in peaks[-MOST_ROWS:]
    ]
    columns = ["day", *([] if is_one else ["app"]), "peak participants#", "without snapshots#"]
    caption = f"The most participants of each day{_last(len(peaks), 'rows')}"
    return Table(caption=caption, columns=columns, rows=rows)


def week(found: Sequence[Hour]) -> Table:
    """A row an hour, a column a day of the week."""
    rows = []
    for hour, cells in groupby(sorted(found, key=lambda one: (one.hour, one.weekday)), key=lambda one: one.hour):
        rows.append([f"{hour:02}:00", *(words.tenths(one.mean) for one in cells)])
    columns = ["hour", *(f"{day}#" for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))]
    return Table(caption="Participants on average, by hour and day of the week", columns=columns, rows=rows)


def busiest(found: Found, names: dict[MeetingKey, str]) -> Table:
    """The meetings with the most minutes."""
    sums = [pl.col("minutes").sum(), pl.col("sessions").sum()]
    own = found.now.growth.filter(pl.col("type") == MEETING).group_by("app_id", "meeting_id").agg(sums)
    figures = {(app_id, meeting_id): (minutes, sessions) for app_id, meeting_id, minutes, sessions in own.iter_rows()}
    whole = sum(minutes for minutes, _ in figures.values()) or 1.0
    most = max((minutes for minutes, _ in figures.values()), default=0.0) or 1.0
    rows, shares = [], []
    for key, name in names.items():
        minutes, sessions = figures[key]
        shares.append(minutes / most)
        rows.append(
            [
                name,
                words.tenths(minutes),
                words.percent(minutes / whole),
                words.count(sessions),
                words.count(found.peaks[key]),
                words.name(key.meeting_id, "unknown"),
            ]
        )
    columns = ["meeting", "minutes#", "share#", "sessions#", "peak participants#", "meeting ID~"]
    caption = f"The {len(rows)} busiest of {len(figures):,} meetings" if len(rows) > 1 else "The busiest meeting"
    return Table(caption=caption, columns=columns, rows=rows, shares=shares)


def longest(found: pl.DataFrame, tz: str) -> Table:
    """The sessions that lasted longest; what is known of the others is the time they were last seen after."""
    rows = [
        [
            words.name(row["meeting"], row["meeting_id"]),
            words.instant(row["started_at"], tz),
            ("" if row["is_final"] else "at least ") + words.duration(row["duration_minutes"]),
            words.tenths(row["minutes"]),
            words.count(row["peak_participants"]),
            words.name(row["session_id"], "unknown"),
        ]
        for row in found.iter_rows(named=True)
    ]
    columns = ["meeting", "begun~", "lasted#", "minutes in all#", "peak participants#", "session ID~"]
    return Table(caption="The sessions that lasted longest", columns=columns, rows=rows)


def costs(found: Sequence[Cost], low: float, high: float) -> Table:
    """A row a type of session, and their sum."""
    rows = [[one.type, words.tenths(one.minutes), words.usd(one.low_usd, one.high_usd), one.note] for one in found]
    whole = ["all", words.tenths(sum(one.minutes for one in found)), words.usd(low, high), "estimate"]
    return Table(
        caption="Estimated cost by type of session",
        columns=["type", "minutes#", "cost#", "from the lower to the higher price"],
        rows=[*rows, whole],
    )


def accuracy(found: Accuracy) -> Table:
    """A row a day in UTC and app, without breakout rooms: Cloudflare's totals count sessions."""
    observed, reconciled = (_by_day_and_app(frame) for frame in (found.observed, found.reconciled))
    totals = {(day, app_id): minutes for app_id, day, minutes in found.totals.iter_rows()}
    keys = sorted(observed.keys() | reconciled.keys() | totals.keys())
    several = len({app_id for _, app_id in keys}) > 1
    rows = []
    for day, app_id in keys[-MOST_ROWS:]:
        mine, total = reconciled.get((day, app_id), 0.0), totals.get((day, app_id))
        difference = None if total is None else total - mine
        figures = (observed.get((day, app_id), 0.0), mine, total, difference)
        rows.append([words.day(day), *(words.hundredths(figure) for figure in figures), *[app_id][: int(several)]])
    columns = ["day (UTC)", "from snapshots#", "reconciled#", "Cloudflare’s total#", "difference#"]  # noqa: RUF001  # an apostrophe
    return Table(
        caption=f"Minutes of each day{_last(len(keys))}", columns=[*columns, *["app"][: int(several)]], rows=rows
    )


def _by_day_and_app(growth: pl.DataFrame) -> dict[tuple[date, str], float]:
    minutes = growth.filter(pl.col("type") != "breakout").group_by("day", "app_id").agg(pl.col("minutes").sum())
    return {(day, app_id): total for day, app_id, total in minutes.iter_rows()}


def _last(number: int, of: str = "days") -> str:
    """Says so where a table does not hold all."""
    return f" (the last {MOST_ROWS} of {number:,} {of})" if number > MOST_ROWS else ""
