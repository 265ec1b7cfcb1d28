"""Staged runs become rows of the tables, exactly once: the ledger says which runs are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import duckdb

from etl import queries
from etl.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
# A list before the run's entry in the ledger, which says that the list is stored.
_TABLES = ("meeting_lists", "session_snapshots", "fetch_failures", "runs")


class Loaded(NamedTuple):
    """The IDs of the runs inserted, and what is wrong with those that can't be, by their IDs."""

    run_ids: list[str]
    damaged: dict[str, StoreError]


class _DamagedRun(Exception):
    """A staged run that can't be loaded; it stays where it is."""

    def __init__(self, run_id: str, directory: Path, why: str) -> None:
        super().__init__(
            f"{directory} can't be loaded: {why}. It stays there, and the other runs are loaded; "
            "look at its Parquet files, or move it away"
        )
        self.run_id = run_id


def load_runs(connection: duckdb.DuckDBPyConnection, staged: Sequence[tuple[str, Path]]) -> Loaded:
    """Insert, in one transaction, every staged run (its ID and directory) that the ledger does not hold.

    A run whose files are damaged is left out, so that it keeps none of the others waiting. When this returns, the
    rows are in the database's own file: a write-ahead log that is cut off later can't take them away, so that the
    staged files of all but the damaged runs may go.
    """
    new = _not_held(connection, staged)
    damaged: dict[str, StoreError] = {}
    while True:
        connection.execute("begin")
        try:
            for run_id, directory in new:
                _insert(connection, run_id, directory)
        except _DamagedRun as error:
            connection.execute("rollback")
            damaged[error.run_id] = StoreError(str(error))
            new = [run for run in new if run[0] != error.run_id]
            continue
        connection.execute("commit")
        connection.execute("checkpoint")
        return Loaded([run_id for run_id, _ in new], damaged)


def _not_held(connection: duckdb.DuckDBPyConnection, staged: Sequence[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """The staged runs that the ledger does not hold. It is asked for these only: it may hold a hundred thousand."""
    rows = connection.execute(queries.text("load/held"), {"run_ids": [run_id for run_id, _ in staged]}).fetchall()
    held = {run_id for (run_id,) in rows}
    return [(run_id, directory) for run_id, directory in staged if run_id not in held]


def _insert(connection: duckdb.DuckDBPyConnection, run_id: str, directory: Path) -> None:
    """Insert one run's files, as many as it has; _DamagedRun where they can't be read or don't fit the tables."""
    try:
        (slot,) = connection.execute(queries.text("load/slot"), {"file": str(directory / "runs.parquet")}).fetchall()[0]
        for table in _TABLES:
            file = directory / f"{table}.parquet"
            if file.exists():
                of_slot = {"slot": slot} if table == "session_snapshots" else {}
                connection.execute(queries.text(f"load/{table}"), {"file": str(file)} | of_slot)
    except (duckdb.Error, IndexError) as error:
        raise _DamagedRun(run_id, directory, str(error).splitlines()[0]) from error
