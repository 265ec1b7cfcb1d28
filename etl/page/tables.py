"""The tiles and the tables of the page: the figures behind each chart, and those that no chart shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.page import text
from etl.page.charts import WEEKDAYS
from etl.page.concurrency import covered_time_share
from etl.page.query import IS_MEETING, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from etl.page.concurrency import Hour
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
    """Rows of texts. The first cell names the row, and `shares` are drawn below it as bars.

    A column whose name ends with `#` holds figures, one that ends with `~` texts that are not broken into lines.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    shares: Sequence[float] = ()


def tiles(current: Totals, previous: Totals | None) -> list[Tile]:
    """Return the headline. Without previous totals the changes are empty."""
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
    return f"snapshots cover only {text.percent(now)} of this period" if now < _COMPARABLE else ""


def daily_usage(days: Sequence[Day]) -> Table:
    """Show the minutes, sessions and participants of each day."""
    columns: dict[str, Callable[[Day], str]] = {
        "day": lambda day: text.day(day.day),
        "minutes#": lambda day: text.tenths(day.minutes),
        "sessions started#": lambda day: text.count(day.sessions),
        "peak participants#": lambda day: text.count(day.peak_participants),
        "minutes of other types#": lambda day: text.tenths(day.other_minutes),
    }
    return _table("Usage of each day", columns, days)


def daily_coverage(days: Sequence[Day]) -> Table:
    """Show the snapshots of each day."""
    columns: dict[str, Callable[[Day], str]] = {
        "day": lambda day: text.day(day.day),
        "expected#": lambda day: text.count(day.expected_snapshots),
        "missing#": lambda day: text.count(day.missing_snapshots),
        "covered#": lambda day: text.count(day.covered_snapshots),
        "coverage#": lambda day: text.percent(day.covered_share),
        "unresolved outcomes#": lambda day: text.count(day.unresolved_outcomes),
    }
    return _table("Snapshots of each day", columns, days)


def participants(peaks: pl.DataFrame, names: Mapping[str, str]) -> Table:
    """Show the peak of each day, and the time that snapshots do not cover. Several apps have a row each."""
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "day": lambda row: text.day(row["day"]),
        **({} if len(names) == 1 else {"app": lambda row: names[row["app_id"]]}),
        "peak participants#": lambda row: text.count(row["participants"]),
        "time not covered#": lambda row: text.duration(row["unknown_minutes"]),
    }
    return _table("The peak of each day", columns, peaks.to_dicts())


def week(hours: Sequence[Hour]) -> Table:
    """Show the mean of each hour of the week, with one column for each day."""
    means = {(hour.weekday, hour.hour): text.tenths(hour.mean_participants) for hour in hours}
    rows = [[f"{hour:02}:00", *(means[weekday, hour] for weekday in range(1, 8))] for hour in range(24)]
    caption = "Participants on average, by hour and day of the week"
    return Table(caption=caption, columns=["hour", *(f"{day}#" for day in WEEKDAYS)], rows=rows)


def busiest(data: PageData, names: Mapping[MeetingKey, str]) -> Table:
    """Show the meetings with the most minutes."""
    meetings = data.current.meeting_days.filter(IS_MEETING)
    all_minutes = float(meetings["minutes"].sum()) or 1.0
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "meeting": lambda row: names[row["app_id"], row["meeting_id"]],
        "minutes#": lambda row: text.tenths(row["minutes"]),
        "share#": lambda row: text.percent(row["minutes"] / all_minutes),
        "sessions#": lambda row: text.count(row["sessions"]),
        "peak participants#": lambda row: text.count(row["peak_participants"]),
        "meeting ID~": lambda row: text.name(row["meeting_id"], "unknown"),
    }
    count = meetings.select("app_id", "meeting_id").n_unique()
    caption = f"The {data.busiest.height} busiest of {count:,} meetings" if count > 1 else "The busiest meeting"
    minutes = data.busiest["minutes"].to_list()
    most = max(minutes, default=0.0) or 1.0
    return _table(caption, columns, data.busiest.to_dicts(), shares=[value / most for value in minutes])


def longest(sessions: pl.DataFrame, tz: str) -> Table:
    """Show the longest sessions. Those without final figures lasted at least until they were last seen."""
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "meeting": lambda row: text.name(row["meeting"], row["meeting_id"]),
        "started~": lambda row: text.instant(row["started_at"], tz),
        "duration#": lambda row: ("" if row["is_final"] else "at least ") + text.duration(row["duration_minutes"]),
        "minutes in all#": lambda row: text.tenths(row["total_minutes"]),
        "peak participants#": lambda row: text.count(row["peak_participants"]),
        "session ID~": lambda row: text.name(row["session_id"], "unknown"),
    }
    return _table("The longest sessions", columns, sessions.to_dicts())


def costs(data: PageData) -> Table:
    """Show the cost of each type of session, and of all types."""
    figures = pl.col("minutes", "low_usd", "high_usd").sum().cast(pl.Float64)
    by_type = data.current.meeting_days.group_by("type").agg(figures)
    notes = data.price_notes
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "type": lambda row: row["type"],
        "minutes#": lambda row: text.tenths(row["minutes"]),
        "cost#": lambda row: text.usd(row["low_usd"], row["high_usd"]) if row["type"] in notes else text.NOTHING,
        "from the lower to the higher price": lambda row: notes.get(row["type"], "no price in the file"),
    }
    table = _table(
        "Estimated cost by type of session",
        columns,
        by_type.sort(["minutes", "type"], descending=[True, False]).to_dicts(),
    )
    minutes, low, high = data.current.meeting_days.select(figures).row(0)
    total = ["all", text.tenths(minutes), text.usd(low, high), "estimate"]
    return replace(table, rows=[*table.rows, total])


def accuracy(report: pl.DataFrame) -> Table:
    """Show the minutes of each day in UTC by their source. Several apps have a row each."""
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "day (UTC)": lambda row: text.day(row["day"]),
        "from snapshots#": lambda row: text.hundredths(row["snapshot_minutes"]),
        "reconciled#": lambda row: text.hundredths(row["reconciled_minutes"]),
        "Cloudflare’s total#": lambda row: text.hundredths(row["cloudflare_minutes"]),  # noqa: RUF001  # a typographic apostrophe
        "difference#": lambda row: text.hundredths(row["difference_minutes"]),
        **({} if report["app_id"].n_unique() <= 1 else {"app": lambda row: text.name(row["app_id"], "unknown")}),
    }
    return _table("Minutes of each day", columns, report.to_dicts())


def _table(
    caption: str, columns: Mapping[str, Callable[[Any], str]], rows: Sequence[Any], *, shares: Sequence[float] = ()
) -> Table:
    """Format each column of the last rows. The caption says so if there are more."""
    if len(rows) > MOST_ROWS:
        caption += f" (the last {MOST_ROWS} of {len(rows):,} rows)"
    texts = [[column(row) for column in columns.values()] for row in rows[-MOST_ROWS:]]
    return Table(caption=caption, columns=list(columns), rows=texts, shares=shares)
