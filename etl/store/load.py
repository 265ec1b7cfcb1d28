"""Staged runs become rows of the tables, exactly once: the ledger says which runs are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import duckdb

from etl.errors import StoreError
from etl.store import sql_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# A list before the run's entry in the ledger, which says that the list is stored.
_TABLES = ("meeting_lists", "session_snapshots", "session_finals", "daily_totals", "fetch_failures", "runs")
# The least instant or day of a staged file: a constant, by which the scan for rows that are there skips all before.
_BOUNDS = {"session_snapshots": "slot", "session_finals": "started_at", "daily_totals": "day"}


class LoadedRuns(NamedTuple):
    """The IDs of the runs inserted, and what is wrong with those that can't be, by their IDs.

    `rows` are how many rows each of the inserted gave to each table it feeds.
    """

    run_ids: list[str]
    damaged: dict[str, StoreError]
    rows: dict[str, dict[str, int]]


class _DamagedRun(Exception):
    """A staged run that can't be loaded; it stays where it is."""

    def __init__(self, run_id: str, directory: Path, why: str) -> None:
        super().__init__(
            f"{directory} can't be loaded: {why}. It stays there, and the other runs are loaded; "
            "look at its Parquet files, or move it away"
        )
        self.run_id = run_id


def load_runs(connection: duckdb.DuckDBPyConnection, staged: Sequence[tuple[str, Path]]) -> LoadedRuns:
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
            rows = {run_id: _insert(connection, run_id, directory) for run_id, directory in new}
        except _DamagedRun as error:
            connection.execute("rollback")
            damaged[error.run_id] = StoreError(str(error))
            new = [run for run in new if run[0] != error.run_id]
            continue
        connection.execute("commit")
        connection.execute("checkpoint")
        return LoadedRuns([run_id for run_id, _ in new], damaged, rows)


def _not_held(connection: duckdb.DuckDBPyConnection, staged: Sequence[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """The staged runs that the ledger does not hold. It is asked for these only: it may hold a hundred thousand."""
    rows = connection.execute(
        sql_files.text("load/loaded_runs"), {"run_ids": [run_id for run_id, _ in staged]}
    ).fetchall()
    held = {run_id for (run_id,) in rows}
    return [(run_id, directory) for run_id, directory in staged if run_id not in held]


def _insert(connection: duckdb.DuckDBPyConnection, run_id: str, directory: Path) -> dict[str, int]:
    """Insert one run's files, as many as it has; the rows that each table gained.

    Raises _DamagedRun where they can't be read or don't fit the tables.
    """
    files = {table: directory / f"{table}.parquet" for table in _TABLES}
    try:
        return {
            table: _insert_file(connection, table, str(file))
            for table, file in files.items()
            if file.exists() or table == "runs"  # without its entry in the ledger a run is damaged
        }
    except (duckdb.Error, IndexError) as error:
        raise _DamagedRun(run_id, directory, str(error).splitlines()[0]) from error


def _insert_file(connection: duckdb.DuckDBPyConnection, table: str, file: str) -> int:
    """Insert what a staged file adds to its table; how many rows that is."""
    parameters = {"file": file}
    if table in _BOUNDS:
        (least,) = connection.execute(sql_files.text(f"load/first_{_BOUNDS[table]}"), parameters).fetchall()[0]
        parameters[_BOUNDS[table]] = least
    (count,) = connection.execute(sql_files.text(f"load/{table}"), parameters).fetchall()[0]
    return int(count)
