"""Read from the database what findings need, while it is open once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from etl.reports.age import NewestSnapshot
from etl.reports.ask import DataRange
from etl.reports.checks import run_checks
from etl.reports.parameters import query_parameters
from etl.reports.periods import midnight
from etl.store.apps import require_known_app
from etl.store.engine import second_connection
from etl.store.read import run_sql_file
from etl.values.fetch import Spending
from etl.values.meetings import Meeting

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from etl.reports.checks import CheckResult
    from etl.reports.periods import Period
    from etl.store.database import Connection

# An app without a snapshot for longer than this is not recorded any more.
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The newest run of the ledger."""

    kind: str
    slot: datetime
    started_at: datetime
    finished_at: datetime
    meetings: int
    live: int
    idle: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The length and the size of what is stored. `recent_rows` are the snapshots of the last seven days."""

    first_slot: datetime | None
    reconciled_at: datetime | None
    recent_rows: int
    stored_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNow:
    """The sessions of the newest snapshot. `slot` is None if nothing was live."""

    slot: datetime | None
    sessions: int
    participants: int
    other_sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUsage:
    """The minutes of meetings that were booked on a day so far, and the sessions that started."""

    minutes: float
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The version of DuckDB that reads the database, and the newest migration of the database."""

    duckdb_version: str
    schema_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """The number of failures of a kind in the period, with an example."""

    kind: str
    failures: int
    meeting_id: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The slots and outcomes of the period up to `until`, and its failures by kind, the most frequent first."""

    until: datetime
    slots: int
    missing_slots: int
    known_outcomes: int
    unknown_outcomes: int
    failures: list[FailureCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """Everything that findings need of the database. `list_ids` are those of recent snapshots, the newest first.

    `last_meetings` are the meetings of the newest list. It is None if the present list is a recent one, and for a
    run for a whole app. `today` and `week_ago` are a day so far, and the same weekday of last week up to that time.
    """

    last_run: LastRun | None
    history: History
    newest_snapshots: list[NewestSnapshot]
    list_ids: list[str]
    last_meetings: set[Meeting] | None
    coverage: Coverage
    live: LiveNow
    today: DayUsage
    week_ago: DayUsage
    spent: list[Spending]
    data_range: DataRange
    version: Version
    checks: list[CheckResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The parameters of the reading: the period and its app, the present instant and list, the window of the limit."""

    database: Path
    period: Period
    app_id: str | None
    now: datetime
    list_id: str | None
    window_seconds: float


def read_stored_state(connection: Connection, question: Question) -> StoredState:
    """Read what findings need. Raises UnknownApp if the database holds nothing of the app.

    The rules take about as long as everything else, so that another thread reads the rest meanwhile.
    """
    require_known_app(connection, question.database, question.app_id)
    parameters = query_parameters(question.period, app_id=question.app_id)
    with second_connection(connection) as second, ThreadPoolExecutor(max_workers=1) as pool:
        rest = pool.submit(_read_rest, second, question)
        checks = run_checks(connection, parameters)
        return replace(rest.result(), checks=checks)


def _read_rest(connection: Connection, question: Question) -> StoredState:
    """Read everything but the rules."""
    now, app_id = question.now, question.app_id
    recent = {"since": now - RECENT, "until": now, "app_id": app_id}
    schedules = run_sql_file(connection, "watch/schedules", **recent)
    newest = [NewestSnapshot(**row) for row in schedules.iter_rows(named=True)]
    list_ids = run_sql_file(connection, "watch/lists", since=recent["since"])["list_id"].to_list()
    today, week_ago = _read_days(connection, question)
    return StoredState(
        last_run=_read_last_run(connection, now),
        history=History(**run_sql_file(connection, "watch/history", since=recent["since"], now=now).row(0, named=True)),
        newest_snapshots=newest,
        list_ids=list_ids,
        last_meetings=_read_last_meetings(connection, list_ids, question.list_id),
        coverage=_read_coverage(connection, question, newest),
        live=LiveNow(**run_sql_file(connection, "watch/live", app_id=app_id).row(0, named=True)),
        today=today,
        week_ago=week_ago,
        spent=_read_spending(connection, question),
        data_range=_read_data_range(connection, app_id),
        version=Version(**run_sql_file(connection, "watch/version").row(0, named=True)),
    )


def _read_last_run(connection: Connection, now: datetime) -> LastRun | None:
    rows = run_sql_file(connection, "watch/last_run", now=now)
    return None if rows.is_empty() else LastRun(**rows.row(0, named=True))


def _read_last_meetings(connection: Connection, list_ids: list[str], list_id: str | None) -> set[Meeting] | None:
    """Read the meetings of the newest list, unless the present list is a recent one or there is nothing to compare."""
    if list_id is None or not list_ids or list_id in list_ids:
        return None
    rows = run_sql_file(connection, "watch/listed_meetings", list_id=list_ids[0])
    return {Meeting(*row) for row in rows.iter_rows()} or None


def _read_coverage(connection: Connection, question: Question, newest: list[NewestSnapshot]) -> Coverage:
    """Read the coverage of the period. The slot that is under way may be missing yet, so it does not count."""
    steps = [timedelta(seconds=snapshot.step_seconds) for snapshot in newest if snapshot.step_seconds]
    until = min(question.period.until, question.now - max(steps, default=timedelta()))
    period = {"since": question.period.since, "until": until, "app_id": question.app_id}
    counts = run_sql_file(connection, "watch/coverage", **period).row(0, named=True)
    rows = run_sql_file(connection, "watch/failures", **period).iter_rows(named=True)
    return Coverage(until=until, failures=[FailureCount(**row) for row in rows], **counts)


def _read_days(connection: Connection, question: Question) -> tuple[DayUsage, DayUsage]:
    """Read today so far, and the same weekday of last week up to the same time of the day."""
    zone = ZoneInfo(question.period.tz)
    local_now = question.now.astimezone(zone)
    days = []
    for local in (local_now, local_now - timedelta(days=7)):
        day = {"since": midnight(local.date(), zone), "until": local.astimezone(UTC)}
        usage = run_sql_file(connection, "watch/usage", **day, app_id=question.app_id)
        days.append(DayUsage(**usage.row(0, named=True)))
    return days[0], days[1]


def _read_data_range(connection: Connection, app_id: str | None) -> DataRange:
    _, first, last = run_sql_file(connection, "read/data_range", app_id=app_id).row(0)
    return DataRange(first=first, last=last, app_id=app_id)


def _read_spending(connection: Connection, question: Question) -> list[Spending]:
    window = timedelta(seconds=question.window_seconds)
    bounds = {"since": question.now - window, "until": question.now + window}
    rows = run_sql_file(connection, "read/requests_spent", **bounds)
    return [Spending(**row) for row in rows.iter_rows(named=True)]
