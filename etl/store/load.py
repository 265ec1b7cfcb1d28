"""Staged runs become rows of the tables, exactly once: the ledger says which runs are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from etl import queries
from etl.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
# A list before the run's entry in the ledger, which says that the list is stored.
_TABLES = ("meeting_lists", "session_snapshots", "fetch_failures", "runs")


def load_runs(connection: duckdb.DuckDBPyConnection, staged: Sequence[tuple[str, Path]]) -> list[str]:
    """Insert, in one transaction, every staged run (its ID and directory) that the ledger does not hold.

    Returns the IDs of the runs inserted. When it returns, the rows are in the database's own file: a
    write-ahead log that is cut off later can't take them away, so that the staged files may go.
    """
    held = {str(run_id) for (run_id,) in connection.execute("select run_id from runs").fetchall()}
    new = [(run_id, directory) for run_id, directory in staged if run_id not in held]
    if new:
        connection.execute("begin")
        for _, directory in new:
            _insert(connection, directory)
        connection.execute("commit")
        connection.execute("checkpoint")
    return [run_id for run_id, _ in new]


def _insert(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Insert one run's files, as many as it has.

    Raises StoreError naming the directory, which stays as it is, when its files don't fit the tables.
    """
    try:
        (slot,) = connection.execute(queries.text("load/slot"), {"file": str(directory / "runs.parquet")}).fetchall()[0]
        for table in _TABLES:
            file = directory / f"{table}.parquet"
            if file.exists():
                of_slot = {"slot": slot} if table == "session_snapshots" else {}
                connection.execute(queries.text(f"load/{table}"), {"file": str(file)} | of_slot)
    except duckdb.Error as error:
        raise StoreError(
            f"{directory} can't be loaded: {str(error).splitlines()[0]}. Nothing was loaded and nothing is lost; "
            "move that directory away, look at its Parquet files, and run: rtk-usage load"
        ) from error
