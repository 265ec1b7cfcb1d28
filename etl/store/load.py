"""Load staged runs into the tables, exactly once: the ledger says which runs are in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from etl.errors import StoreError
from etl.store import sql_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.values.run import StagedRun

# The ledger is last: its entry says that the meeting list of the run is stored.
_TABLES = ("meeting_lists", "session_snapshots", "session_finals", "daily_totals", "fetch_failures", "runs")
# The column whose minimum in a staged file lets the search for existing rows skip all earlier rows.
_BOUND_COLUMNS = {"session_snapshots": "slot", "session_finals": "started_at", "daily_totals": "day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRuns:
    """The rows that each loaded run added, by its ID and the table, and the errors of the damaged runs, by ID."""

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    damaged: dict[str, StoreError] = field(default_factory=dict)


def load_runs(connection: duckdb.DuckDBPyConnection, staged: Sequence[StagedRun]) -> LoadedRuns:
    """Insert, in one transaction, every staged run that the ledger does not hold.

    A run with damaged files is left out, and the others are loaded. When this function returns, the rows are in the
    database file itself: a write-ahead log that is later cut off can't take them away.
    """
    in_ledger = find_in_ledger(connection, staged)
    runs = [run for run in staged if run.run_id not in in_ledger]
    damaged: dict[str, StoreError] = {}
    while True:
        rows: dict[str, dict[str, int]] = {}
        connection.execute("begin")
        try:
            for run in runs:
                rows[run.run_id] = _insert(connection, run)
        except (duckdb.Error, IndexError) as error:
            connection.execute("rollback")
            damaged[run.run_id] = StoreError(
                f"{run.directory} can't be loaded: {str(error).splitlines()[0]}. It stays there, and the other runs "
                "are loaded; look at its Parquet files, or move it away"
            )
            runs.remove(run)
            continue
        connection.execute("commit")
        connection.execute("checkpoint")
        return LoadedRuns(rows=rows, damaged=damaged)


def find_in_ledger(connection: duckdb.DuckDBPyConnection, staged: Sequence[StagedRun]) -> set[str]:
    """Return the IDs of the staged runs that the ledger holds. It may hold a hundred thousand, so not all are read."""
    run_ids = [run.run_id for run in staged]
    rows = connection.execute(sql_files.text("load/loaded_runs"), {"run_ids": run_ids}).fetchall()
    return {run_id for (run_id,) in rows}


def _insert(connection: duckdb.DuckDBPyConnection, run: StagedRun) -> dict[str, int]:
    """Insert the files of one run, and return the number of rows that each table gained.

    Raises duckdb.Error or IndexError if a file can't be read or does not fit its table.
    """
    files = {table: run.directory / f"{table}.parquet" for table in _TABLES}
    return {
        table: _insert_file(connection, table, str(file))
        for table, file in files.items()
        if file.exists() or table == "runs"  # a run without its ledger entry is damaged
    }


def _insert_file(connection: duckdb.DuckDBPyConnection, table: str, file: str) -> int:
    """Insert the rows of a staged file that its table does not have yet, and return their number."""
    parameters = {"file": file}
    if column := _BOUND_COLUMNS.get(table):
        (minimum,) = connection.execute(sql_files.text(f"load/first_{column}"), parameters).fetchall()[0]
        parameters[column] = minimum
    (count,) = connection.execute(sql_files.text(f"load/{table}"), parameters).fetchall()[0]
    return int(count)
