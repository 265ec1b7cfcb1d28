"""`rtk-usage compact`: the file becomes smaller, and holds the same rows."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from etl.staging.runs import RECONCILIATIONS, Staging
from etl.store.database import open_database
from tests.cli.conftest import CHECKOUT
from tests.conftest import START

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

# Runs a command that is killed just before the named function of etl/store/compact.py.
_KILLED = """
import os, signal, sys
from etl.cli import cli
from etl.store import compact

def die(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(compact, sys.argv[1], die)
cli(sys.argv[2:])
"""


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A database with deleted rows: those of the rows that were first are gone."""
    shell.snapshot()
    with open_database(shell.database) as connection:
        connection.execute(
            "insert into session_snapshots select session_snapshots.* replace ('gone-' || uuid() as session_id) "
            "from session_snapshots, range(1000)"
        )
        connection.execute("delete from session_snapshots where starts_with(session_id, 'gone-')")
    return shell


def content(shell: Shell) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows and definitions, in their order."""
    tables = [name for (name,) in shell.rows("select table_name from duckdb_tables() where not internal order by all")]
    query = "select cast({0} as varchar) from {0}"
    return {table: shell.rows(query.format(table)) for table in tables} | {
        "views": shell.rows("select view_name from duckdb_views() where not internal order by all"),
        "macros": shell.rows("select function_name from duckdb_functions() where not internal order by all"),
    }


def test_the_file_is_smaller_and_holds_the_same(filled: Shell) -> None:
    """The command says the bytes before and after. Permissions stay, and the file is as good as before."""
    before, rows = filled.database.stat().st_size, content(filled)
    filled.database.chmod(0o640)
    result = filled.run("compact")
    after = filled.database.stat()
    assert result.exit_code == 0
    assert result.stdout == f"compacted {filled.database}: {before:,} bytes before, {after.st_size:,} after\n"
    assert after.st_size < before
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert content(filled) == rows
    assert b"gone-" not in filled.database.read_bytes()
    assert filled.broken_rules() == []
    assert filled.snapshot("--slot", "2026-11-02T12:05:00Z").exit_code == 0
    assert sorted(path.name for path in filled.directory.iterdir()) == [
        "meetings.txt",
        "usage.duckdb",
        "usage.duckdb.staged",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(filled: Shell) -> None:
    """Root compacts the database of the user of a cron job, who can still write to it."""
    os.chown(filled.database, 12345, 54321)
    filled.run("compact")
    assert (filled.database.stat().st_uid, filled.database.stat().st_gid) == (12345, 54321)


@pytest.mark.parametrize(
    ("function", "is_compacted"),
    [("compare_with_copy", False), ("_take_over", False), ("sync", True)],
)
def test_a_killed_compaction_is_done_or_has_changed_nothing(filled: Shell, function: str, is_compacted: bool) -> None:  # noqa: FBT001  # a case of the table
    """The next one ends what it has begun."""
    before, rows = filled.database.read_bytes(), content(filled)
    arguments = ["compact", "--database", str(filled.database)]
    killed = subprocess.run([sys.executable, "-c", _KILLED, function, *arguments], cwd=CHECKOUT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (filled.database.read_bytes() != before) is is_compacted
    assert content(filled) == rows
    assert filled.run("compact").exit_code == 0
    assert list(filled.directory.glob("*.compacting*")) == []


def test_nothing_is_compacted_while_others_use_the_database(filled: Shell) -> None:
    """Neither while another program reads it, nor while a job runs."""
    before = filled.database.read_bytes()
    with filled.database_held():
        held = filled.run("compact", "--lock-timeout", "0")
    with Staging(filled.database, RECONCILIATIONS).lock("a-run", START):
        overlapping = filled.run("compact")
    assert (held.exit_code, overlapping.exit_code) == (75, 75)
    assert "is held open by" in held.stderr
    assert "is under way since" in overlapping.stderr
    assert filled.database.read_bytes() == before


def test_a_database_that_does_not_exist_is_not_compacted(shell: Shell) -> None:
    """The command does not create the file either."""
    result = shell.run("compact", "--database", "none.duckdb")
    assert result.exit_code == 78
    assert "none.duckdb does not exist; name the database with --database" in result.stderr


def test_a_disk_without_room_is_refused_before_anything_is_written(
    filled: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says how much is free, and how much is needed."""
    size = filled.database.stat().st_size
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": size - 1}))
    result = filled.run("compact")
    assert result.exit_code == 74
    assert f"has {size - 1:,} bytes free, and a copy of usage.duckdb may need {size:,}; free space" in result.stderr
