"""Staged runs are loaded exactly once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from etl.errors import FailureKind
from etl.staging.runs import discard
from etl.store import sql_files
from etl.store.load import LoadedRuns, load_runs
from etl.store.read import run_sql_file
from etl.values.meetings import Failure
from tests.samples import SLOT, open_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from etl.store.database import Connection
    from etl.values.run import StagedRun


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """An empty database that is open."""
    with open_copy(tmp_path / "usage.duckdb") as connection:
        yield connection


def counts(connection: Connection) -> dict[str, int]:
    """Return the number of rows per table."""
    return {table: count for table, _, count in run_sql_file(connection, "read/row_counts").iter_rows()}


def test_every_table_gets_its_rows(connection: Connection, staged: Callable[..., StagedRun]) -> None:
    """A run adds to the ledger, the lists, the snapshots and the failures."""
    failure = Failure(app_id="app", meeting_id="lost", kind=FailureKind.TIMEOUT, message="late")
    run = staged(live=["a", "b"], idle=["c"], failures=[failure])
    assert list(load_runs(connection, [run]).rows) == [run.run_id]
    assert counts(connection) == {
        "runs": 1,
        "meeting_lists": 4,
        "session_snapshots": 2,
        "fetch_failures": 1,
        "session_finals": 0,
        "daily_totals": 0,
        "outcomes (view)": 4,
    }


def test_a_run_in_the_ledger_is_not_loaded_again(connection: Connection, staged: Callable[..., StagedRun]) -> None:
    """A crash between commit and deletion leaves the run staged. A second load changes nothing."""
    run = staged()
    load_runs(connection, [run])
    before = counts(connection)
    assert load_runs(connection, [run]).rows == {}
    assert counts(connection) == before


def test_a_run_that_another_job_has_loaded_and_deleted_is_not_damaged(
    connection: Connection, staged: Callable[..., StagedRun]
) -> None:
    """This job listed the run before the other job loaded it."""
    run = staged()
    load_runs(connection, [run])
    discard(run)
    assert load_runs(connection, [run]) == LoadedRuns()


def test_a_slot_holds_a_meeting_once(connection: Connection, staged: Callable[..., StagedRun]) -> None:
    """Two runs of one slot that did not know each other's rows are in one load."""
    load_runs(connection, [staged(live=["a", "b"], idle=[]), staged(live=["b", "c"], idle=[])])
    meetings = connection.execute("select meeting_id from session_snapshots order by all").fetchall()
    assert meetings == [("a",), ("b",), ("c",)]


def test_the_next_slot_holds_the_meeting_again(connection: Connection, staged: Callable[..., StagedRun]) -> None:
    """The key is slot, app and meeting."""
    load_runs(connection, [staged(), staged(slot=SLOT + timedelta(hours=1))])
    assert counts(connection)["session_snapshots"] == 2


def test_looking_for_rows_of_a_slot_skips_all_others(connection: Connection, staged: Callable[..., StagedRun]) -> None:
    """The slot is a constant of the scan, so that zone maps exclude older rows."""
    run = staged()
    load_runs(connection, [run, staged(slot=SLOT + timedelta(hours=1))])
    statement = "explain analyze " + sql_files.text("load/session_snapshots")
    parameters = {"file": str(run.directory / "session_snapshots.parquet"), "slot": "2026-11-02 12:00:00+00"}
    plan = connection.execute(statement, parameters).fetchall()[0][1]
    assert re.search("slot ?= ?'2026-11-02", plan), plan
    assert "FILTER" not in plan, plan  # the scan itself leaves out the rest


def test_a_list_is_stored_once(connection: Connection, staged: Callable[..., StagedRun]) -> None:
    """Runs with the same list share it, in one load and in several."""
    later = [staged(slot=SLOT + timedelta(hours=hour)) for hour in range(3)]
    load_runs(connection, later[:2])
    load_runs(connection, later[2:])
    assert counts(connection)["meeting_lists"] == 2
    assert counts(connection)["runs"] == 3


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_run_keeps_no_other_waiting(
    connection: Connection, staged: Callable[..., StagedRun], damage: str
) -> None:
    """The message names it, and it stays where it is. All other runs are loaded."""
    good, bad = staged(), staged(slot=SLOT + timedelta(hours=1))
    later = staged(slot=SLOT + timedelta(hours=2))
    if damage == "cut":
        (bad.directory / "session_snapshots.parquet").write_bytes(b"PAR1 damaged PAR1")
    else:
        (bad.directory / "runs.parquet").unlink()
    loaded = load_runs(connection, [good, bad, later])
    assert list(loaded.rows) == [good.run_id, later.run_id]
    assert list(loaded.damaged) == [bad.run_id]
    assert f"{bad.run_id} can't be loaded: " in str(loaded.damaged[bad.run_id])
    assert counts(connection)["runs"] == counts(connection)["session_snapshots"] == 2


def test_loading_nothing_writes_nothing(connection: Connection, tmp_path: Path) -> None:
    """This is the usual case of a run that finds no staged run."""
    assert load_runs(connection, []).rows == {}
    assert not (tmp_path / "usage.duckdb.wal").exists()


def test_loaded_rows_are_in_the_databases_own_file(
    connection: Connection, staged: Callable[..., StagedRun], tmp_path: Path
) -> None:
    """A cut-off write-ahead log loses its last transaction without an error. So no log may be left."""
    load_runs(connection, [staged()])
    log = tmp_path / "usage.duckdb.wal"
    assert not log.exists() or log.stat().st_size == 0
