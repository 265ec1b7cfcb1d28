"""Erase rows from the database, in one transaction. The ledger says that something was erased, but not what."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from etl.errors import ConfigError
from etl.store import sql_files
from etl.store.apps import require_known_app
from etl.store.read import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polars import DataFrame

    from etl.store.database import Connection
    from etl.values.run import RunStart

# In this order: the counts of a run are reduced while its rows are there, and lists go after the runs that have them.
_STATEMENTS = (
    "counts_of_others",
    "counts_without_sessions",
    "finals_failures_of_others",
    "failure_messages",
    "session_snapshots",
    "session_finals",
    "daily_totals",
    "fetch_failures",
    "runs",
    "lists_of_others",
    "meeting_lists",
)
_NOT_WILD = re.compile(r"[\[\\]")  # special in a glob of DuckDB, but not in a pattern of names
ROW_TABLES = ("session_snapshots", "session_finals", "daily_totals", "fetch_failures")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """The rows to erase: of runs, of an app, of meetings and of sessions.

    Runs that have no other meetings than those to erase are among `run_ids`. `names` are the names that a pattern has
    found.
    """

    run_ids: Sequence[str] = ()
    app_id: str | None = None
    meeting_ids: Sequence[str] = ()
    session_ids: Sequence[str] = ()
    names: Sequence[str] = ()

    def parameters(self) -> dict[str, object]:
        """Return the parameters of the SQL files in sql/erase."""
        return {
            "run_ids": list(self.run_ids),
            "app_id": self.app_id,
            "meeting_ids": list(self.meeting_ids),
            "session_ids": list(self.session_ids),
        }


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
    """Find everything of one app. Raises ConfigError if no run has asked for this app."""
    require_known_app(connection, database, app_id)
    return _with_emptied_runs(connection, ErasureRequest(app_id=app_id))


def find_meetings(connection: Connection, database: Path, meeting_ids: Sequence[str]) -> ErasureRequest:
    """Find everything of some meetings. Raises ConfigError for a meeting of which the database holds nothing."""
    request = ErasureRequest(meeting_ids=meeting_ids)
    known = set(_run(connection, "find_meetings", request)["meeting_id"])
    _require_known(database, "meeting", [meeting_id for meeting_id in meeting_ids if meeting_id not in known])
    return _with_emptied_runs(connection, request)


def find_sessions(connection: Connection, database: Path, session_ids: Sequence[str]) -> ErasureRequest:
    """Find everything of some sessions.

    Raises ConfigError for a session of which the database holds nothing, and for a breakout room.
    """
    request = ErasureRequest(session_ids=session_ids)
    found: dict[str, str] = {}
    for wanted_id, session_id in _run(connection, "find_sessions", request).iter_rows():
        found.setdefault(wanted_id, session_id)
    _require_known(database, "session", [session_id for session_id in session_ids if session_id not in found])
    for wanted_id, session_id in found.items():
        if wanted_id != session_id:
            raise ConfigError(
                f"{wanted_id} is a breakout room of session {session_id}, and stored with it; "
                f"erase the session: --session {session_id}"
            )
    return request


def find_names(connection: Connection, database: Path, patterns: Sequence[str]) -> ErasureRequest:
    """Find the sessions that have a name like one of some patterns. Raises ConfigError for a pattern without a match.

    The title of the meeting is a name, and so is another text that the API sent with the session, such as the name of a
    breakout room. Only * and ? are special in a pattern.
    """
    names, session_ids = dict[str, None](), dict[str, None]()
    for pattern in patterns:
        rows = run_sql_file(connection, "erase/find_names", pattern=_NOT_WILD.sub(r"[\g<0>]", pattern))
        _require_known(database, "a name like", [pattern] if rows.is_empty() else [])
        names |= dict.fromkeys(rows["name"])
        session_ids |= dict.fromkeys(rows["session_id"])
    return ErasureRequest(session_ids=list(session_ids), names=list(names))


def count_rows(connection: Connection, request: ErasureRequest) -> dict[str, int]:
    """Count the rows to erase, by table."""
    return dict(_run(connection, "row_counts", request).iter_rows())


def find_words(connection: Connection, request: ErasureRequest) -> list[str]:
    """Return the IDs and names of what is to be erased, other than runs, to find them in the log files as well."""
    return [*_run(connection, "names_of_rows", request)["name"], *request.names]


def erase(connection: Connection, request: ErasureRequest, start: RunStart) -> None:
    """Erase in one transaction what is requested, and add the erasure to the ledger."""
    parameters = request.parameters() | {
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


def _with_emptied_runs(connection: Connection, request: ErasureRequest) -> ErasureRequest:
    """Add the runs that have no other meetings than those to erase."""
    return replace(request, run_ids=_run(connection, "emptied_runs", request)["run_id"].to_list())


def _run(connection: Connection, name: str, request: ErasureRequest) -> DataFrame:
    """Run a query with those parameters of a request that it has."""
    parameters = _used(sql_files.text(f"erase/{name}"), request.parameters())
    return run_sql_file(connection, f"erase/{name}", **parameters)


def _require_known(database: Path, what: str, unknown: Sequence[str]) -> None:
    if unknown:
        raise ConfigError(f"{database} holds nothing of {what} {unknown[0]!r}; nothing is erased")


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
