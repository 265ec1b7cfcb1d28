"""A question to the database, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.store.database import read_when_unlocked
from etl.store.read import run_query, run_sql_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from polars import DataFrame

    from etl.reports.catalogue import Question
    from etl.store.database import Connection


@dataclass(frozen=True, kw_only=True)
class Reach:
    """From which slot to which one there are snapshots (UTC)."""

    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True)
class Source:
    """The database that is asked, and how long to wait while another program writes to it."""

    database: Path
    lock_timeout: timedelta
    sleep: Callable[[float], None]


def answer(question: Question, source: Source, bound: Mapping[str, object]) -> DataFrame:
    """The rows of an answer. Raises ConfigError where the query is wrong, StoreLocked where another program writes."""

    def use(connection: Connection) -> DataFrame:
        return run_query(connection, question.sql, bound, where=question.where)

    return read_when_unlocked(source.database, use, lock_timeout=source.lock_timeout, sleep=source.sleep)


def report(question: Question, source: Source, bound: Mapping[str, object]) -> tuple[DataFrame, Reach]:
    """The rows of a report, and from when to when there are snapshots at all.

    Raises as `answer` does, and ConfigError where there are none.
    """

    def use(connection: Connection) -> tuple[DataFrame, Reach]:
        reach = reach_of(connection, source.database)
        require_known(connection, source.database, bound["app_id"])
        return run_query(connection, question.sql, bound, where=question.where), reach

    return read_when_unlocked(source.database, use, lock_timeout=source.lock_timeout, sleep=source.sleep)


def reach_of(connection: Connection, database: Path) -> Reach:
    """From when to when there are snapshots. Raises ConfigError where there is none."""
    runs, first, last = run_sql_file(connection, "read/snapshot_range").row(0)
    if not runs:
        raise ConfigError(f"{database} holds no snapshots yet; rtk-usage snapshot takes one")
    return Reach(first=first, last=last)


def require_known(connection: Connection, database: Path, app_id: object) -> None:
    """Refuse an app that no run has asked about; None stands for all of them."""
    known = run_sql_file(connection, "read/apps")["app_id"].to_list()
    if app_id is not None and app_id not in known:
        raise ConfigError(f"{database} holds nothing of app {app_id!r}; it holds {', '.join(known)}")
