"""Running a query: the database is open to read, and no longer than the answer takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from etl.errors import ConfigError
from etl.reports.age import read_newest_snapshots
from etl.store.apps import require_known_app
from etl.store.database import read_when_unlocked
from etl.store.read import run_query, run_sql_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from polars import DataFrame

    from etl.reports.age import NewestSnapshot
    from etl.reports.catalogue import Query
    from etl.reports.periods import Period
    from etl.settings import ReadSettings
    from etl.store.database import Connection

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRange:
    """The first and the last instant of the snapshots and ended sessions (UTC), or None without any of them.

    `app_id` is the app whose data it is, or None for all apps.
    """

    first: datetime | None
    last: datetime | None
    app_id: str | None = None

    @property
    def subject(self) -> str:
        """Return what messages call the data."""
        return f"data of app {self.app_id}" if self.app_id else "data"

    def beginning_within(self, period: Period) -> datetime | None:
        """Return where the data begins if a period reaches before it, else None."""
        return self.first if self.first and period.since < self.first < period.until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """A gap of more than 366 days between two snapshots of an app. No snapshot is expected within it.

    `next_slot` is None for a gap after the last snapshot.
    """

    app_id: str
    last_slot: datetime
    next_slot: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """The rows of a query, and the newest snapshots of its period."""

    frame: DataFrame
    newest_snapshots: list[NewestSnapshot]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswer:
    """The rows of a report, the range of all data, and the interruptions and newest snapshots of its period.

    `future_readings` counts the readings that are dated in the future, which reports leave out.
    """

    frame: DataFrame
    data_range: DataRange
    interruptions: list[Interruption]
    future_readings: int
    newest_snapshots: list[NewestSnapshot]


def read_database(settings: ReadSettings, use: Callable[[Connection], _T]) -> _T:
    """Open the database to read, and use it. Raises StoreLocked if another program writes to it for too long."""
    return read_when_unlocked(settings.database, use, lock_timeout=settings.lock_timeout, sleep=time.sleep)


def answer_query(query: Query, settings: ReadSettings, parameters: Mapping[str, object]) -> QueryAnswer:
    """Return the answer of any query. Raises WrongQuery if the query is not valid."""

    def use(connection: Connection) -> QueryAnswer:
        """Run the query."""
        return QueryAnswer(
            frame=run_query(connection, query.sql, parameters, where=query.name),
            newest_snapshots=read_newest_snapshots(connection, parameters),
        )

    return read_database(settings, use)


def answer_report(query: Query, settings: ReadSettings, parameters: Mapping[str, object]) -> ReportAnswer:
    """Return the answer of a report.

    Raises WrongQuery if the query is not valid, and ConfigError if the database or the app has no data.
    """

    def use(connection: Connection) -> ReportAnswer:
        """Run the report, and read what its heading and its notes need."""
        data_range = read_data_range(connection, settings.database, parameters)
        gaps = {name: parameters[name] for name in ("since", "until", "app_id")}
        rows = run_sql_file(connection, "read/interruptions", **gaps).iter_rows(named=True)
        return ReportAnswer(
            frame=run_query(connection, query.sql, parameters, where=query.name),
            data_range=data_range,
            interruptions=[Interruption(**row) for row in rows],
            future_readings=run_sql_file(connection, "read/future_readings", app_id=parameters["app_id"]).item(),
            newest_snapshots=read_newest_snapshots(connection, parameters),
        )

    return read_database(settings, use)


def read_data_range(connection: Connection, database: Path, parameters: Mapping[str, object]) -> DataRange:
    """Return the range of the data of the parameters' app, or of all apps.

    Raises ConfigError if the database has no run, or does not know the app.
    """
    app_id = parameters["app_id"]
    runs, first, last = run_sql_file(connection, "read/data_range", app_id=app_id).row(0)
    if not runs:
        raise ConfigError(f"{database} holds no snapshots yet; take one with rtk-usage snapshot")
    require_known_app(connection, database, app_id)
    return DataRange(first=first, last=last, app_id=None if app_id is None else str(app_id))
