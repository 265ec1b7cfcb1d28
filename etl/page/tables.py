"""The tiles and the tables of the page: the figures behind each chart, and those that no chart shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from etl.page import text
from etl.page.charts import WEEKDAYS
from etl.page.concurrency import covered_time_share
from etl.page.query import totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.page.concurrency import Hour, Peak
    from etl.page.daily import Day
    from etl.page.query import MeetingKey, PageData, Totals

MOST_ROWS = 400
# A period with fewer of its snapshots is not compared with another: sessions may have come and gone unseen.
_COMPARABLE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A headline figure, its change since the previous period, and a note below it."""

    label: str
    value: str
    change: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of texts, of which the first names the row.

    A column whose name ends with `#` holds figures, one that ends with `~` must not be broken. `shares` are drawn as
    bars below the first cells, as shares of the whole width.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    shares: Sequence[float] = ()


def tiles(current: Totals, previous: Totals | None) -> list[Tile]:
    """Return the headline. Without totals of the previous period there are no changes."""
    snapshots = f"{text.count(current.covered_snapshots)} of {text.count(current.expected_snapshots)} snapshots"
    figures = [
        ("Minutes", text.count(current.minutes), "minutes", "in meetings"),
        ("Sessions", text.count(current.sessions), "sessions", "started in meetings"),
        ("Peak", text.count(current.peak_participants), "peak_participants", "participants at a time"),
        ("Estimated cost", text.usd(current.low_usd, current.high_usd), "high_usd", "from audio only to video"),
        ("Coverage", text.percent(current.covered_share), "covered_share", snapshots),
    ]
    return [
        Tile(label=label, value=value, change=_change(current, previous, name), note=note)
        for label, value, name, note in figures
    ]


def _change(current: Totals, previous: Totals | None, name: str) -> str:
    return text.change(getattr(current, name) or 0, getattr(previous, name) or 0) if previous else ""


def why_incomparable(data: PageData) -> str:
    """Return the reason why the previous period can't be compared with, or an empty text if it can."""
    if data.previous is None:
        return "there are no snapshots of the period before"
    before = covered_time_share(data.previous)
    if before < _COMPARABLE:
        return f"snapshots cover only {text.percent(before)} of the period before"
    now = totals(data.current).covered_share
    return f"only {text.percent(now)} of this period's snapshots are known" if now < _COMPARABLE else ""


def daily_usage(days: Sequence[Day]) -> Table:
    """One row per day: minutes, sessions, participants."""
    rows = [
        [
            text.day(day.day),
            text.tenths(day.minutes),
            text.count(day.sessions),
            text.count(day.peak_participants),
            text.tenths(day.other_minutes),
        ]
        for day in days[-MOST_ROWS:]
    ]
    columns = ["day", "minutes#", "sessions started#", "peak participants#", "minutes of other types#"]
    return Table(caption=f"Usage of each day{_last(len(days), 'days')}", columns=columns, rows=rows)


def daily_coverage(days: Sequence[Day]) -> Table:
    """One row per day: snapshots."""
    rows = [
        [
            text.day(day.day),
            text.count(day.expected_snapshots),
            text.count(day.missing_snapshots),
            text.count(day.covered_snapshots),
            text.percent(day.covered_snapshots / day.expected_snapshots if day.expected_snapshots else None),
            text.count(day.unresolved_outcomes),
        ]
        for day in days[-MOST_ROWS:]
    ]
    columns = ["day", "expected#", "missing#", "covered#", "coverage#", "unresolved outcomes#"]
    return Table(caption=f"Snapshots of each day{_last(len(days), 'days')}", columns=columns, rows=rows)


def participants(peaks: Sequence[Peak], names: Mapping[str, str]) -> Table:
    """One row per day, or per day and app: the peak, and the time of which nothing is known."""
    is_single = len(names) == 1
    rows = [
        [
            text.day(peak.day),
            *([] if is_single else [names[peak.app_id]]),
            text.count(peak.participants),
            text.duration(peak.unknown_minutes),
        ]
        for peak in peaks[-MOST_ROWS:]
    ]
    columns = ["day", *([] if is_single else ["app"]), "peak participants#", "time not covered#"]
    return Table(caption=f"The peak of each day{_last(len(peaks), 'rows')}", columns=columns, rows=rows)


def week(hours: Sequence[Hour]) -> Table:
    """One row per hour of the day, one column per day of the week."""
    in_order = sorted(hours, key=lambda hour: (hour.hour, hour.weekday))
    rows = [
        [f"{hour:02}:00", *(text.tenths(cell.mean_participants) for cell in cells)]
        for hour, cells in groupby(in_order, key=lambda hour: hour.hour)
    ]
    columns = ["hour", *(f"{day}#" for day in WEEKDAYS)]
    return Table(caption="Participants on average, by hour and day of the week", columns=columns, rows=rows)


def busiest(data: PageData, names: Mapping[MeetingKey, str]) -> Table:
    """The meetings with the most minutes."""
    meetings = data.current.meeting_days.filter(pl.col("type") == "meeting")
    all_minutes = float(meetings["minutes"].sum()) or 1.0
    most = max((meeting.minutes for meeting in data.busiest), default=0.0) or 1.0
    rows = [
        [
            names[meeting.key],
            text.tenths(meeting.minutes),
            text.percent(meeting.minutes / all_minutes),
            text.count(meeting.sessions),
            text.count(meeting.peak_participants),
            text.name(meeting.key.meeting_id, "unknown"),
        ]
        for meeting in data.busiest
    ]
    count = meetings.select("app_id", "meeting_id").n_unique()
    return Table(
        caption=f"The {len(rows)} busiest of {count:,} meetings" if len(rows) > 1 else "The busiest meeting",
        columns=["meeting", "minutes#", "share#", "sessions#", "peak participants#", "meeting ID~"],
        rows=rows,
        shares=[meeting.minutes / most for meeting in data.busiest],
    )


def longest(sessions: pl.DataFrame, tz: str) -> Table:
    """The longest sessions. Those without final figures lasted at least until they were last seen."""
    rows = [
        [
            text.name(session["meeting"], session["meeting_id"]),
            text.instant(session["started_at"], tz),
            ("" if session["is_final"] else "at least ") + text.duration(session["duration_minutes"]),
            text.tenths(session["total_minutes"]),
            text.count(session["peak_participants"]),
            text.name(session["session_id"], "unknown"),
        ]
        for session in sessions.iter_rows(named=True)
    ]
    columns = ["meeting", "started~", "duration#", "minutes in all#", "peak participants#", "session ID~"]
    return Table(caption="The longest sessions", columns=columns, rows=rows)


def costs(data: PageData) -> Table:
    """One row per type of session, and one for all."""
    figures = pl.col("minutes", "low_usd", "high_usd").sum().cast(pl.Float64)
    by_type = data.current.meeting_days.group_by("type").agg(figures)
    rows = [
        [
            type_,
            text.tenths(minutes),
            text.usd(low, high) if type_ in data.price_notes else text.NOTHING,
            data.price_notes.get(type_, "no price in the file"),
        ]
        for type_, minutes, low, high in by_type.sort(["minutes", "type"], descending=[True, False]).iter_rows()
    ]
    minutes, low, high = data.current.meeting_days.select(figures).row(0)
    return Table(
        caption="Estimated cost by type of session",
        columns=["type", "minutes#", "cost#", "from the lower to the higher price"],
        rows=[*rows, ["all", text.tenths(minutes), text.usd(low, high), "estimate"]],
    )


def accuracy(report: pl.DataFrame) -> Table:
    """One row per day in UTC, or per day and app."""
    is_single = report["app_id"].n_unique() <= 1
    figures = ["snapshot_minutes", "reconciled_minutes", "cloudflare_minutes", "difference_minutes"]
    rows = [
        [
            text.day(row["day"]),
            *(text.hundredths(row[name]) for name in figures),
            *([] if is_single else [row["app_id"]]),
        ]
        for row in report.tail(MOST_ROWS).iter_rows(named=True)
    ]
    columns = ["day (UTC)", "from snapshots#", "reconciled#", "Cloudflare’s total#", "difference#"]  # noqa: RUF001  # a typographic apostrophe
    return Table(
        caption=f"Minutes of each day{_last(report.height, 'rows')}",
        columns=[*columns, *([] if is_single else ["app"])],
        rows=rows,
    )


def _last(count: int, noun: str) -> str:
    """Return a note for the caption of a table that does not hold all rows."""
    return f" (the last {MOST_ROWS} of {count:,} {noun})" if count > MOST_ROWS else ""
