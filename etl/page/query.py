"""The data of the page: the rows of reports, read while the database is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from itertools import chain, pairwise
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from etl.errors import ConfigError
from etl.reports.age import read_newest_snapshots
from etl.reports.ask import read_data_range
from etl.reports.parameters import query_parameters
from etl.reports.periods import midnight
from etl.store import sql_files
from etl.store.read import run_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from etl.reports.age import NewestSnapshot
    from etl.reports.ask import DataRange
    from etl.reports.periods import Period
    from etl.store.database import Connection

# A year of minutes at once is a table of millions of sessions, most of it spilled to disk. Read month by month, the
# sums are the same to the last digit, since periods that meet share no minute.
_MONTH = timedelta(days=28)
_MOST_HOURLY = timedelta(days=2)
# The lengths of all sessions of a year would take as long as the rest of its page.
_MOST_DAYS_OF_RANGES = 31
IS_MEETING = pl.col("type") == "meeting"

MeetingKey: TypeAlias = tuple[str, str]
"""The identity of a meeting: its app_id and its meeting_id."""


class NoData(ConfigError):
    """A period has neither a snapshot nor an ended session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """The user's choices. No app stands for all apps, no price file for the project's own.

    `index` is the page to which a page of a site leads back.
    """

    period: Period
    title: str
    app_id: str | None = None
    prices: Path | None = None
    is_interactive: bool = False
    index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReports:
    """The rows of three reports for one period: meeting_days, coverage and concurrency."""

    period: Period
    meeting_days: pl.DataFrame
    coverage: pl.DataFrame
    concurrency: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRanges:
    """The sessions by length and participants, since the start of the period or for its last 31 days with data.

    `alone` counts the snapshots that saw one participant.
    """

    since: datetime
    rows: pl.DataFrame
    alone: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """All rows that the page shows. `previous` is the period of the same length before, if snapshots reach into it.

    `drawn` is the part of the period that charts by day show: from the day of the first data on, or after the last gap
    of more than 366 days. `no_data_before` is where data begins, if that is within the period. `last_slot` is None
    without snapshots. `hourly_minutes` are there if at most two days are drawn. `listed` are the meetings of the lists.
    `unused` are those of them without a session in the period, with their last known titles.
    """

    current: PeriodReports
    drawn: PeriodReports
    previous: PeriodReports | None
    no_data_before: datetime | None
    hourly_minutes: pl.DataFrame | None
    meetings: pl.DataFrame
    previous_titles: dict[MeetingKey, str]
    listed: pl.DataFrame
    unused: pl.DataFrame
    session_ranges: SessionRanges
    longest: pl.DataFrame
    accuracy: pl.DataFrame | None
    price_notes: dict[str, str]
    snapshots: int
    last_slot: datetime | None
    newest_snapshots: list[NewestSnapshot]


def fetch_page_data(connection: Connection, database: Path, options: PageOptions) -> PageData:
    """Read everything that the page shows. Its figures are those of the reports for the same period.

    Raises NoData if the period has neither a snapshot nor an ended session.
    """
    period = options.period
    parameters = query_parameters(period, app_id=options.app_id, prices=options.prices)
    data_range = read_data_range(connection, database, parameters)
    reports = _Reports(connection, parameters)
    state = reports.read("page/database").row(0, named=True)
    if not (state["snapshots"] or state["ended_sessions"]):
        raise _no_data_error(period, data_range)
    current = reports.read_period(period)
    drawn = _drawn(current, reports.last_beginning)
    previous = reports.read_period(_period_before(period)) if state["has_snapshots_before"] else None
    listed = reports.read("page/listed_meetings")
    return PageData(
        current=current,
        drawn=drawn,
        previous=previous,
        hourly_minutes=_hourly_minutes(reports, drawn.period),
        no_data_before=data_range.beginning_within(period),
        meetings=_meetings(reports, current.meeting_days),
        previous_titles=_titles(reports, previous) if previous else {},
        listed=listed,
        unused=_unused(reports, listed, current.meeting_days),
        session_ranges=_session_ranges(reports, period, data_range),
        longest=reports.read("page/longest_sessions"),
        accuracy=_accuracy(reports, period) if state["reconcile_runs"] else None,
        price_notes=dict(reports.read("page/price_notes").iter_rows()),
        snapshots=state["snapshots"],
        last_slot=state["last_slot"],
        newest_snapshots=read_newest_snapshots(connection, parameters),
    )


def _no_data_error(period: Period, data_range: DataRange) -> NoData:
    """The error for a period without data."""
    holds = f"{data_range.first} to {data_range.last}" if data_range.first else "no time at all"
    return NoData(
        f"no snapshot and no ended session from {period.since.isoformat()} to {period.until.isoformat()}; the database "
        f"holds {data_range.subject} from {holds}. Name another period with --since and --until"
    )


class _Reports:
    """Reads SQL files with the parameters of a page. `last_beginning` is where data begins after the last long gap."""

    def __init__(self, connection: Connection, parameters: dict[str, object]) -> None:
        self._connection = connection
        self._parameters = parameters
        self._stretches: list[tuple[datetime, datetime]] = self.read("page/stretches").rows()

    @property
    def last_beginning(self) -> datetime:
        """The first instant with data after the last gap of more than 366 days."""
        return max(first for first, _ in self._stretches)

    def read(self, name: str, **changed: object) -> pl.DataFrame:
        """Read the rows of `sql/<name>.sql`, with some parameters changed."""
        return run_query(self._connection, sql_files.text(name), self._parameters | changed, where=name)

    def read_period(self, period: Period) -> PeriodReports:
        """Read the reports of a period."""
        between = {"since": period.since, "until": period.until}
        return PeriodReports(
            period=period,
            meeting_days=_summed(self.read_by_month("reports/meeting_days", period.since, period.until)),
            coverage=self.read("reports/coverage", **between),
            concurrency=self.read("reports/concurrency", **between),
        )

    def read_by_month(self, name: str, since: datetime, until: datetime) -> pl.DataFrame:
        """Read a report month by month, and put the rows below each other."""
        months = _months(since, until, self._stretches)
        return pl.concat(self.read(name, since=begin, until=end) for begin, end in months)


def _months(
    since: datetime, until: datetime, stretches: Iterable[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """Cut a period into months. A month with which a stretch of data begins has the time before it as well."""
    starts = chain.from_iterable(_month_starts(since, first, last) for first, last in stretches)
    return pairwise([since, *(start for start in starts if start < until), until])


def _month_starts(since: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
    """Return the starts of all months of a stretch of data but its first. Each is a midnight in UTC."""
    start = _utc_midnight(max(first, since)) + _MONTH
    while start <= last:
        yield start
        start += _MONTH


def _summed(meeting_days: pl.DataFrame) -> pl.DataFrame:
    """Add up the two parts of a day on which one month ends and the next begins."""
    figures = ["minutes", "final_minutes", "sessions", "live_sessions", "unfinished_sessions", "low_usd", "high_usd"]
    return meeting_days.group_by("day", "app_id", "meeting_id", "type").agg(pl.col(figures).sum())


def _drawn(reports: PeriodReports, first_data_at: datetime) -> PeriodReports:
    """Return the part of the reports that charts show. It begins with the day of the first data.

    A session that the first snapshot saw started before. Its days are shown as well, a month at most.
    """
    period, zone = reports.period, ZoneInfo(reports.period.tz)
    first_day = first_data_at.astimezone(zone).date()
    is_within_month = pl.col("day").is_between(first_day - _MONTH, first_day)
    first_day = min(reports.meeting_days.filter(is_within_month)["day"].to_list(), default=first_day)
    begin = min(midnight(first_day, zone), period.until)
    if begin <= period.since:
        return reports
    return PeriodReports(
        period=replace(period, since=begin),
        meeting_days=reports.meeting_days.filter(pl.col("day") >= first_day),
        coverage=reports.coverage.filter(pl.col("day") >= first_day),
        concurrency=reports.concurrency.filter(pl.col("slot") >= begin),
    )


def _period_before(period: Period) -> Period:
    """Return the period of the same length that ends where a period begins."""
    return replace(period, since=period.since - (period.until - period.since), until=period.since)


def _hourly_minutes(reports: _Reports, period: Period) -> pl.DataFrame | None:
    """Read the minutes of each hour, if the period is short enough to draw hours."""
    if period.until - period.since > _MOST_HOURLY:
        return None
    return reports.read("page/minutes_by_hour", since=period.since, until=period.until)


def _session_ranges(reports: _Reports, period: Period, data_range: DataRange) -> SessionRanges:
    """Read the ranges of lengths and participants, of the last 31 days with data at most."""
    zone = ZoneInfo(period.tz)
    last = min(period.until, data_range.last or period.until) - timedelta(microseconds=1)
    first_day = last.astimezone(zone).date() - timedelta(days=_MOST_DAYS_OF_RANGES - 1)
    since = max(period.since, midnight(first_day, zone))
    return SessionRanges(
        since=since,
        rows=reports.read("page/session_ranges", since=since),
        alone=reports.read("page/alone_snapshots", since=since),
    )


def _titles(reports: _Reports, previous: PeriodReports) -> dict[MeetingKey, str]:
    """Read the titles of the meetings of the period before."""
    since, until = previous.period.since, previous.period.until
    rows = reports.read("page/meetings", since=since, until=until)
    return {(app_id, meeting_id): title for app_id, meeting_id, title, _ in rows.iter_rows()}


def _unused(reports: _Reports, listed: pl.DataFrame, meeting_days: pl.DataFrame) -> pl.DataFrame:
    """Return the listed meetings without a session in the period, with their last known titles."""
    keys = ["app_id", "meeting_id"]
    unused = listed.join(meeting_days, on=keys, how="anti").sort(keys)
    titles = reports.read("page/last_titles", meeting_ids=unused["meeting_id"].unique().to_list())
    return unused.join(titles, on=keys, how="left", maintain_order="left")


def _meetings(reports: _Reports, meeting_days: pl.DataFrame) -> pl.DataFrame:
    """Return the meetings of the period with their titles and peaks, the busiest first."""
    keys = ["app_id", "meeting_id"]
    figures = [pl.col("minutes").sum().cast(pl.Float64), pl.col("sessions").sum()]
    meetings = meeting_days.filter(IS_MEETING).group_by(keys).agg(figures)
    rows = meetings.sort(["minutes", *keys], descending=[True, False, False])
    return rows.join(reports.read("page/meetings"), on=keys, how="left", maintain_order="left")


def _accuracy(reports: _Reports, period: Period) -> pl.DataFrame:
    """Read the report accuracy. Each month begins at a midnight in UTC, so a day in UTC is in one month only."""
    names = [
        "snapshot_minutes",
        "reconciled_minutes",
        "utc_minutes",
        "utc_cloudflare_minutes",
        "utc_difference_minutes",
    ]
    sums = [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()) for name in names]
    rows = reports.read_by_month("reports/accuracy", period.since, period.until)
    return rows.group_by("day", "app_id").agg(sums).sort("day", "app_id")


def _utc_midnight(instant: datetime) -> datetime:
    return midnight(instant.astimezone(UTC).date(), ZoneInfo("UTC"))
