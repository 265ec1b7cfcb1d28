"""A staged run is deleted only when the file at the path of the database holds it."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from etl.errors import StoreError
from etl.jobs.load import load_and_read, load_staged
from etl.staging.runs import Staging
from etl.values.run import RunContext
from tests.conftest import START
from tests.samples import stage_run, write_empty_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from etl.store.database import Connection
    from etl.values.run import StagedRun


@pytest.fixture
def context() -> RunContext:
    """A run that never waits."""
    return RunContext(now=lambda: START, sleep=asyncio.sleep)


def load(database: Path, context: RunContext, during: Callable[[Connection], object] = lambda _: None) -> None:
    """Load what is staged. `during` runs right after the commit, while the database is still open."""
    asyncio.run(load_and_read(database, during, context, lock_timeout=timedelta()))


def runs_in(database: Path) -> list[str]:
    """Return the IDs of the runs in a database."""
    with duckdb.connect(database, read_only=True) as connection:
        return [run_id for (run_id,) in connection.execute("select cast(run_id as varchar) from runs").fetchall()]


def other_database(folder: Path) -> Path:
    """Make an empty database, as a backup that somebody restores."""
    return write_empty_database(folder / "backup.duckdb")


REPLACEMENTS: dict[str, Callable[[Path], object]] = {
    "deleted": lambda database: database.unlink(),
    "moved": lambda database: database.rename(database.with_name("moved.duckdb")),
    "replaced": lambda database: os.replace(database.with_name("backup.duckdb"), database),  # noqa: PTH105  # a backup is restored
}


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_a_run_stays_staged_if_the_database_is_replaced_during_the_load(
    database: Path, context: RunContext, replacement: str
) -> None:
    """Its rows are in a file that no report will read. The next load brings them into the file at the path."""
    other_database(database.parent)
    run = stage_run(database.parent)
    with pytest.raises(StoreError, match=rf"usage\.duckdb was replaced during the load: .* run {run.run_id}"):
        load(database, context, lambda _: REPLACEMENTS[replacement](database))
    assert Staging(database).runs() == [run]
    load(database, context)
    assert runs_in(database) == [run.run_id]
    assert Staging(database).runs() == []


def test_a_run_stays_staged_if_a_directory_on_the_path_is_moved(tmp_path: Path, context: RunContext) -> None:
    """A link to the directory leads to another disk. Both keep what they have, and the run is in one of them."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    link = tmp_path / "data"
    link.symlink_to("a")
    run = stage_run(link)

    def move(_connection: Connection) -> None:
        link.unlink()
        link.symlink_to("b")

    with pytest.raises(StoreError, match="was replaced during the load"):
        load(link / "usage.duckdb", context, move)
    assert [staged.run_id for staged in Staging(tmp_path / "a" / "usage.duckdb").runs()] == [run.run_id]


def test_a_run_that_the_ledger_names_is_deleted_by_whatever_path(database: Path, context: RunContext) -> None:
    """Two names of one file share its ledger. Each name has its own staging directory, and nothing is loaded twice."""
    twin = database.with_name("twin.duckdb")
    twin.hardlink_to(database)
    run = stage_run(database.parent)
    load(database, context, lambda _: None)
    os.makedirs(Staging(twin).directory / run.run_id)  # noqa: PTH103  # what a crash before the deletion leaves
    load(twin, context)
    assert Staging(twin).runs() == []
    assert runs_in(twin) == [run.run_id]


def test_without_a_database_staged_runs_make_one(tmp_path: Path, context: RunContext) -> None:
    """A first run that could not create the database leaves its rows staged. The next step brings them in."""
    run: StagedRun = stage_run(tmp_path)
    loaded = asyncio.run(load_staged(tmp_path / "usage.duckdb", context, lock_timeout=timedelta()))
    assert list(loaded.rows) == [run.run_id]
    assert Staging(tmp_path / "usage.duckdb").runs() == []


def test_without_a_database_and_without_staged_runs_nothing_is_made(tmp_path: Path, context: RunContext) -> None:
    """A misspelt path creates no file."""
    assert asyncio.run(load_and_read(tmp_path / "typo", lambda _: 1, context, lock_timeout=timedelta())) is None
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_a_run_keeps_no_run_waiting(database: Path, context: RunContext) -> None:
    """Somebody may copy things beside the staged runs. The load names it, and loads the others."""
    (Staging(database).directory / "not-a-run").mkdir(parents=True)
    run = stage_run(database.parent)
    loaded = asyncio.run(load_staged(database, context, lock_timeout=timedelta()))
    assert (list(loaded.rows), list(loaded.damaged)) == ([run.run_id], ["not-a-run"])
    assert [staged.run_id for staged in Staging(database).runs()] == ["not-a-run"]
