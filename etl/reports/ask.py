"""Running a query: the database is open to read, and no longer than the answer takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from etl.errors import ConfigError
from etl.store.database import read_when_unlocked
from etl.store.read import run_query, run_sql_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from polars import DataFrame

    from etl.reports.catalogue import Query
    from etl.settings import ReadSettings
    from etl.store.database import Connection

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRange:
    """The first and the last slot that have a snapshot (UTC)."""

    first: datetime
    last: datetime


def read_database(settings: ReadSettings, use: Callable[[Connection], _T]) -> _T:
    """Open the database to read, and use it. Raises StoreLocked if another program writes to it for too long."""
    return read_when_unlocked(settings.database, use, lock_timeout=settings.lock_timeout, sleep=time.sleep)


def answer_query(query: Query, settings: ReadSettings, parameters: Mapping[str, object]) -> DataFrame:
    """Return the rows of any query. Raises WrongQuery if the query is not valid."""
    return read_database(settings, lambda connection: run_query(connection, query.sql, parameters, where=query.name))


def answer_report(
    query: Query, settings: ReadSettings, parameters: Mapping[str, object]
) -> tuple[DataFrame, SnapshotRange]:
    """Return the rows of a report, and the range of the snapshots in the database.

    Raises WrongQuery if the query is not valid, and ConfigError if the app has no snapshots.
    """

    def use(connection: Connection) -> tuple[DataFrame, SnapshotRange]:
        snapshots = snapshot_range(connection, settings.database)
        require_known_app(connection, settings.database, parameters["app_id"])
        return run_query(connection, query.sql, parameters, where=query.name), snapshots

    return read_database(settings, use)


def snapshot_range(connection: Connection, database: Path) -> SnapshotRange:
    """Return the range of the snapshots. Raises ConfigError if the database has no snapshots."""
    runs, first, last = run_sql_file(connection, "read/snapshot_range").row(0)
    if not runs:
        raise ConfigError(f"{database} holds no snapshots yet; take one with rtk-usage snapshot")
    return SnapshotRange(first=first, last=last)


def require_known_app(connection: Connection, database: Path, app_id: object) -> None:
    """Raise ConfigError if no run has asked for this app. None stands for all apps."""
    apps = run_sql_file(connection, "read/apps")["app_id"].to_list()
    if app_id is not None and app_id not in apps:
        raise ConfigError(f"{database} holds nothing of app {app_id!r}; its apps are {', '.join(apps)}")
