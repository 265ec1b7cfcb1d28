"""`rtk-usage export`: copies for programs that hold files open."""

from __future__ import annotations

import stat
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from etl.jobs.export import is_due
from etl.staging.destinations import read_destinations
from etl.staging.runs import EXPORTS, Staging
from etl.store.database import open_database
from tests.conftest import START
from tests.samples import held_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Shell

SLOTS = ("2026-11-22T23:55:00Z", "2026-11-23T00:00:00Z")
MANIFEST = "_rtk-usage.json"
# Eight viewers that read both copies again and again, until standard input ends. Each has an engine of its own.
# They print how many rows they have seen. A file that is not whole ends them with an error.
_VIEWERS = """
import sys, threading, time
import duckdb, polars

copy, parquet = sys.argv[1:]
counts, end = set(), threading.Event()
query = "select count(hash(t)) from copy.fetch_failures as t"

def read():
    while not end.is_set():
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(f"attach '{copy}' as copy (read_only)")
            counts.add(connection.execute(query).fetchall()[0][0])
        with open(parquet, "rb") as file:
            counts.add(len(polars.read_parquet(file.read())))
        time.sleep(0.1)

def read_or_say():
    try:
        read()
    except Exception as error:
        print(repr(error), flush=True)

threads = [threading.Thread(target=read_or_say) for _ in range(8)]
for thread in threads:
    thread.start()
while not counts:
    time.sleep(0.01)
print("begun", flush=True)
sys.stdin.read()
end.set()
for thread in threads:
    thread.join()
print(*sorted(counts))
"""
# A thousand rows that can't be compressed.
_MORE_ROWS = """
insert into fetch_failures
select uuid(), slot, 'app', 'meeting', 'timeout', 1, 1, concat(uuid(), uuid(), uuid()), 1, '', 1
from (select min(slot) as slot from runs), range(1000)
"""


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A database with snapshots of two days."""
    for slot in SLOTS:
        assert shell.snapshot("--slot", slot).exit_code == 0
    return shell


def inodes(directory: Path) -> dict[str, int]:
    """Return the inode of each file of an export. A file that was written again has another one."""
    files = (path for path in directory.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(directory).as_posix(): path.stat().st_ino for path in files}


def rows(path: Path, query: str) -> list[Any]:
    """Query a copy."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_copy_holds_the_same_and_is_only_read(filled: Shell) -> None:
    """Its views answer as those of the database. Only its owner reads it, and the next copy has its permissions."""
    copy, query = filled.directory / "copy.duckdb", "select cast(d as varchar) from usage_daily as d order by all"
    result = filled.run("export", str(copy))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"exported {filled.database} to {copy}: {copy.stat().st_size:,} bytes\n"
    assert rows(copy, query) == filled.rows(query) != []
    assert stat.S_IMODE(copy.stat().st_mode) == 0o400
    copy.chmod(0o440)
    filled.snapshot("--slot", "2026-11-23T00:05:00Z")
    copy.with_name("copy.duckdb.wal").write_text("of a viewer that could write")
    assert filled.run("export", str(copy)).exit_code == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o440
    assert len(rows(copy, "from (select distinct epoch(slot) from session_snapshots)")) == 3
    assert sorted(path.name for path in filled.directory.glob("copy*")) == ["copy.duckdb"]


def test_a_viewer_of_a_copy_makes_no_run_wait(filled: Shell) -> None:
    """It keeps the file that it has open, while runs go on and the copy is replaced."""
    copy = filled.directory / "copy.duckdb"
    filled.run("export", str(copy))
    with held_open(copy):
        result = filled.snapshot("--slot", "2026-11-23T00:05:00Z", "--lock-timeout", "0", "--export", str(copy))
        assert (result.exit_code, result.stderr, filled.staged()) == (0, "", [])
    assert rows(copy, "select count(*) from runs") == [(3,)]


def test_days_are_written_only_when_they_have_changed(filled: Shell) -> None:
    """Every table has a directory per day. A second export writes nothing, and a new run only its own day."""
    directory = filled.directory / "parquet"
    assert filled.run("export", f"{directory}/").stdout.endswith("files: 5 written, 0 unchanged, 0 deleted\n")
    first = inodes(directory)
    days = ("2026-11-22", "2026-11-23")
    assert sorted(first) == [
        "meeting_lists/meeting_lists.parquet",
        *(f"runs/day={day}/runs.parquet" for day in days),
        *(f"session_snapshots/day={day}/session_snapshots.parquet" for day in days),
    ]
    filled.run("export", str(directory))
    assert inodes(directory) == first
    filled.snapshot("--slot", "2026-11-23T00:05:00Z")
    assert filled.run("export", str(directory)).stdout.endswith("files: 2 written, 3 unchanged, 0 deleted\n")
    changed = {name for name, inode in inodes(directory).items() if first[name] != inode}
    assert changed == {name for name in first if "day=2026-11-23" in name}


def test_other_engines_read_the_same_rows(filled: Shell) -> None:
    """The day is the directory. A UUID is text, an instant is in UTC, and no row is missing."""
    filled.run("export", str(filled.directory / "parquet"))
    snapshots = pl.read_parquet(filled.directory / "parquet/session_snapshots", hive_partitioning=True)
    query = "select cast(run_id as varchar), meeting_id, minutes_consumed, epoch_us(slot) from session_snapshots"
    exported = snapshots.select("run_id", "meeting_id", "minutes_consumed", pl.col("slot").dt.epoch("us")).rows()
    assert sorted(exported) == sorted(filled.rows(query)) != []
    assert snapshots["day"].equals(snapshots["slot"].dt.date())
    assert snapshots.schema["slot"] == pl.Datetime("us", "UTC")


def test_what_is_gone_from_the_database_is_gone_from_the_files(filled: Shell) -> None:
    """An erased day has no file any more, and the traces of a killed export are deleted."""
    directory = filled.directory / "parquet"
    filled.run("export", str(directory))
    with open_database(filled.database) as connection:
        connection.execute("delete from session_snapshots where slot < timestamptz '2026-11-23 00:00:00Z'")
    (directory / "_unfinished").mkdir()
    (directory / "_unfinished/rows.parquet").touch()
    (directory / "session_snapshots/of_a_user.parquet").touch()
    (directory / MANIFEST).write_text("damaged")
    assert filled.run("export", str(directory)).stdout.endswith("files: 4 written, 0 unchanged, 1 deleted\n")
    left = sorted(path.name for path in (directory / "session_snapshots").iterdir())
    assert left == ["day=2026-11-23", "of_a_user.parquet"]
    assert not (directory / "_unfinished").exists()


def test_whoever_may_read_the_directory_may_read_its_files(filled: Shell) -> None:
    """A user gives a directory to a group once. A directory that the command makes is for its owner only."""
    open_one, own = filled.directory / "open", filled.directory / "own"
    open_one.mkdir()
    open_one.chmod(0o750)
    for directory, mode in ((open_one, 0o640), (own, 0o600)):
        filled.run("export", str(directory))
        assert {stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*.parquet")} == {mode}


@pytest.mark.parametrize(
    ("destination", "code", "said"),
    [
        ("usage.duckdb", 78, "usage.duckdb is a database that runs write to; name another file"),
        ("text.duckdb", 78, "text.duckdb is not a DuckDB database"),
        ("foreign.duckdb", 78, "foreign.duckdb was not made by realtimekit-usage"),
        ("folder.duckdb", 2, "folder.duckdb is a directory; name a file, or a directory without this ending."),
        ("new.duckdb/", 2, "new.duckdb is a directory; name a file, or a directory without this ending."),
        (".", 78, "holds files that are not those of an export; name a new directory"),
        ("rows.csv", 2, "rows.csv ends with .csv; name a file that ends with .duckdb, or write rows.csv/ for"),
        ("file", 78, "file is a file; name a directory for Parquet files, or a file that ends with .duckdb"),
        ("missing/parquet", 78, "missing does not exist; create it, or name another destination"),
    ],
)
def test_nothing_else_is_replaced(shell: Shell, destination: str, code: int, said: str) -> None:
    """Neither the database of runs, nor the files of others."""
    with open_database(shell.database):
        pass
    for name in ("text.duckdb", "file"):
        (shell.directory / name).write_text("0123456789 a text of somebody")
    with duckdb.connect(str(shell.directory / "foreign.duckdb")) as connection:
        connection.execute("create table of_others (a integer)")
    (shell.directory / "folder.duckdb").mkdir()
    before = {path: path.read_bytes() for path in shell.directory.iterdir() if path.is_file()}
    result = shell.run("export", f"{shell.directory}/{destination}")
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert read_destinations(shell.database) == []


@pytest.mark.usefixtures("no_database")
def test_a_database_that_does_not_exist_is_not_exported(shell: Shell) -> None:
    """Nothing is created."""
    result = shell.run("export", str(shell.directory / "copy.duckdb"))
    assert result.exit_code == 78
    assert "usage.duckdb does not exist; name the database with --database" in result.stderr
    assert [path.name for path in shell.directory.iterdir()] == ["meetings.txt"]


def test_an_export_never_fails_the_run(filled: Shell) -> None:
    """Each destination is tried, and what goes wrong is a warning."""
    copy = filled.directory / "copy.duckdb"
    with Staging(filled.database, EXPORTS).lock("an-export", START):
        result = filled.snapshot("--slot", "2026-11-23T00:05:00Z", "--export", str(copy))
    assert result.exit_code == 0
    assert f"the run is not affected, but the export to {copy} failed: run an-export" in result.stderr
    wrong = str(filled.directory / "missing" / "parquet")
    result = filled.snapshot("--slot", "2026-11-23T00:10:00Z", "--export", wrong, "--export", str(copy))
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert f"the export to {wrong} failed: the directory" in result.stderr
    assert copy.exists()


def test_an_export_is_due_once_per_interval(filled: Shell) -> None:
    """The first run of an hour exports. A destination that was deleted is written at once."""
    copy, hour = filled.directory / "copy.duckdb", timedelta(hours=1)
    filled.snapshot("--slot", "2026-11-23T00:05:00Z", "--export", str(copy), "--export-every", "1h")
    (known,) = read_destinations(filled.database)
    assert known.path == copy
    assert known.written_at
    assert not is_due(filled.database, copy, every=hour, now=known.written_at)
    assert is_due(filled.database, copy, every=hour, now=known.written_at + hour)
    first = copy.stat().st_ino
    filled.snapshot("--slot", "2026-11-23T00:10:00Z", "--export", str(copy))
    assert copy.stat().st_ino != first
    copy.unlink()
    assert is_due(filled.database, copy, every=hour, now=known.written_at)


def test_sixteen_viewers_never_see_half_a_file(filled: Shell) -> None:
    """They open a copy and a day's file again and again, while these are replaced."""
    copy, directory = filled.directory / "copy.duckdb", filled.directory / "parquet"
    file = directory / "fetch_failures/day=2026-11-22/fetch_failures.parquet"
    expected = [1000 * number for number in range(1, 6)]
    with ExitStack() as stack:
        viewers: list[subprocess.Popen[str]] = []
        for _ in expected:
            with open_database(filled.database) as connection:
                connection.execute(_MORE_ROWS)
            for destination in (copy, directory):
                assert filled.run("export", str(destination)).exit_code == 0
            viewers = viewers or list(_start_viewers(stack, copy, file))
        seen = " ".join(viewer.communicate()[0] for viewer in viewers)
    counts = {int(word) for word in seen.split()}
    assert counts <= set(expected)
    assert {expected[0], expected[-1]} <= counts


def _start_viewers(stack: ExitStack, copy: Path, file: Path) -> Iterator[subprocess.Popen[str]]:
    """Start two processes with eight viewers each, and wait until each has read a file."""
    command = [sys.executable, "-c", _VIEWERS, str(copy), str(file)]
    processes = [
        stack.enter_context(subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        yield process
