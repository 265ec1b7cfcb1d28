"""Erase runs or an app from the database, in one transaction. The ledger says that something was erased, not what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl.errors import ConfigError
from etl.store import sql_files
from etl.store.apps import require_known_app
from etl.store.read import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from etl.store.database import Connection
    from etl.values.run import RunStart

# In this order: the counts of a run are reduced while its rows are there, and lists go after the runs that have them.
_STATEMENTS = (
    "counts_without_app",
    "finals_failures_without_app",
    "session_snapshots",
    "session_finals",
    "daily_totals",
    "fetch_failures",
    "runs",
    "lists_without_app",
    "meeting_lists",
)
ROW_TABLES = ("session_snapshots", "session_finals", "daily_totals", "fetch_failures")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """The runs to erase, and the app whose rows go as well, if any. The runs of an app are among `run_ids`."""

    run_ids: Sequence[str]
    app_id: str | None = None


def find_runs(connection: Connection, database: Path, prefixes: Sequence[str]) -> ErasureRequest:
    """Find runs by the first characters of their IDs.

    Raises ConfigError for a prefix of no run or of several, for a reconcile run, and for runs on whose rows a later run
    relies.
    """
    run_ids = [_find_run(connection, database, prefix) for prefix in prefixes]
    dependent = run_sql_file(connection, "erase/dependent_runs", run_ids=run_ids)["run_id"].to_list()
    if dependent:
        raise ConfigError(
            f"run {dependent[0]} repeats the slot of a run to erase, and relies on its rows; erase both: "
            f"{' '.join(f'--run {run_id}' for run_id in (*run_ids, *dependent))}"
        )
    return ErasureRequest(run_ids=run_ids)


def find_app(connection: Connection, database: Path, app_id: str) -> ErasureRequest:
    """Find the runs whose meetings are all of one app. Raises ConfigError if no run has asked for this app."""
    require_known_app(connection, database, app_id)
    return ErasureRequest(
        run_ids=run_sql_file(connection, "erase/runs_of_app", app_id=app_id)["run_id"].to_list(), app_id=app_id
    )


def count_rows(connection: Connection, request: ErasureRequest) -> dict[str, int]:
    """Count the rows to erase, by table."""
    rows = run_sql_file(connection, "erase/row_counts", run_ids=list(request.run_ids), app_id=request.app_id)
    return dict(rows.iter_rows())


def erase(connection: Connection, request: ErasureRequest, start: RunStart) -> None:
    """Erase in one transaction what is requested, and add the erasure to the ledger."""
    parameters = {
        "run_ids": list(request.run_ids),
        "app_id": request.app_id,
        "erasure_id": start.run_id,
        "at": start.started_at,
        "tool_version": start.tool_version,
        "host": start.host,
    }
    connection.execute("begin")
    for name in (*_STATEMENTS, "ledger"):
        sql = sql_files.text(f"erase/{name}")
        connection.execute(sql, _used(sql, parameters))
    connection.execute("commit")
    connection.execute("checkpoint")


def _used(sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that a statement has: DuckDB refuses others."""
    return {name: value for name, value in parameters.items() if f"${name}" in sql}


def _find_run(connection: Connection, database: Path, prefix: str) -> str:
    """Find one snapshot run. Later reconcile runs store only figures that differ, so they rely on each other's rows."""
    runs = run_sql_file(connection, "erase/find_runs", prefix=prefix).rows(named=True)
    if not runs:
        raise ConfigError(f"{database} holds no run {prefix}; rtk-usage report runs lists the IDs of its runs")
    if len(runs) > 1:
        raise ConfigError(f"{len(runs):,} runs of {database} have an ID that begins with {prefix}; write more of it")
    if runs[0]["kind"] == "reconcile":
        raise ConfigError(
            f"run {runs[0]['run_id']} is a reconcile run, on whose figures later runs rely. "
            "The next rtk-usage reconcile corrects final figures; --app-id erases those of an app"
        )
    return str(runs[0]["run_id"])
