"""Rules that the figures keep: each file in `sql/checks/` selects the rows that break one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.reports.ask import reach_of
from etl.reports.catalogue import sentence_of
from etl.store import sql_files
from etl.store.database import read_when_unlocked
from etl.store.read import run_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polars import DataFrame

    from etl.reports.ask import Source
    from etl.store.database import Connection

_FOLDER = "checks"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A rule by its name and in a sentence, and the rows that break it."""

    name: str
    rule: str
    broken: DataFrame

    @property
    def is_kept(self) -> bool:
        """Whether no row breaks it."""
        return self.broken.is_empty()


def check_data(source: Source, bound: Mapping[str, object]) -> list[Checked]:
    """Check every rule within the period of the parameters.

    Raises ConfigError where there are no snapshots, StoreLocked where another program writes to the database.
    """

    def use(connection: Connection) -> list[Checked]:
        reach_of(connection, source.database)
        return [_checked(connection, name, bound) for name in sql_files.names(_FOLDER)]

    return read_when_unlocked(source.database, use, lock_timeout=source.lock_timeout, sleep=source.sleep)


def _checked(connection: Connection, name: str, bound: Mapping[str, object]) -> Checked:
    broken = run_query(connection, sql_files.text(name), bound, where=name)
    return Checked(name=name.partition("/")[2], rule=sentence_of(name), broken=broken)
