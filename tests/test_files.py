"""Files that are written completely or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from etl.errors import ConfigError, StoreError
from etl.files import as_store_error, lock_at_once, parse_local_path, refuse_database_as_output, write_whole
from etl.staging.runs import Staging
from etl.store.database import open_database
from tests.conftest import START


@pytest.mark.parametrize("name", ["usage.duckdb", "usage.duckdb.wal", "link", "missing/../usage.duckdb"])
def test_an_output_must_not_replace_the_database(tmp_path: Path, name: str) -> None:
    """This holds for every name of the database, and for its write-ahead log."""
    for file in ("usage.duckdb", "usage.duckdb.wal"):
        (tmp_path / file).touch()
    (tmp_path / "link").symlink_to(tmp_path / "usage.duckdb")
    with pytest.raises(ConfigError, match="is the database; name another --output"):
        refuse_database_as_output(tmp_path / "usage.duckdb", tmp_path / name)


def test_another_output_is_accepted(tmp_path: Path) -> None:
    """Standard output is accepted, too. The check makes no file."""
    (tmp_path / "usage.duckdb").touch()
    refuse_database_as_output(tmp_path / "usage.duckdb", tmp_path / "report.csv")
    refuse_database_as_output(tmp_path / "usage.duckdb", None)
    assert [path.name for path in tmp_path.iterdir()] == ["usage.duckdb"]


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """No unfinished file stays beside it."""
    (tmp_path / "directory").mkdir()
    with pytest.raises(ConfigError, match="name another --output"):
        write_whole(tmp_path / "directory", b"content")
    assert [path.name for path in tmp_path.rglob("*")] == ["directory"]


def test_a_write_deletes_what_a_killed_process_has_left(tmp_path: Path) -> None:
    """The unfinished file of a process that still writes stays, and so does every other file."""
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left, writing = f"usage.html.{int(ended.stdout)}.new", f"usage.html.{os.getppid()}.new"
    for name in (left, writing, "usage.html.99999999999999999999.new", "usage.html.old.new", "other.html.1.new"):
        (tmp_path / name).touch()
    write_whole(tmp_path / "usage.html", b"content")
    assert {path.name for path in tmp_path.iterdir()} == {
        "usage.html",
        writing,
        "usage.html.old.new",
        "other.html.1.new",
    }


def test_an_error_of_the_system_becomes_a_store_error(tmp_path: Path) -> None:
    """The message has the path, and says what to do."""
    with (
        pytest.raises(StoreError, match=r"missing: No such file.*make the directory writable"),
        as_store_error(tmp_path),
    ):
        (tmp_path / "missing").read_bytes()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Waiting can't help. The message says that a local disk is needed. No file system here refuses its locks."""

    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    message = f"run.lock can't be locked: {os.strerror(number)}. .*has no locks.*put the database on a local disk"
    with pytest.raises(ConfigError, match=message):
        lock_at_once(0, tmp_path / "run.lock")
    with pytest.raises(ConfigError, match=message), Staging(tmp_path / "usage.duckdb").lock("run-1", START):
        pass
    with pytest.raises(ConfigError, match="put the database on a local disk"), open_database(tmp_path / "new.duckdb"):
        pass


def test_another_error_of_a_lock_stays_what_it_is(tmp_path: Path) -> None:
    """A defect must not look like a file system without locks."""
    with pytest.raises(OSError, match="Bad file descriptor"):
        lock_at_once(10**6, tmp_path / "run.lock")


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Record each fsync and rename in their order, by the path of the file or directory."""
    record: list[tuple[str, str]] = []
    fsync, mkdir = os.fsync, os.mkdir
    renames = {name: getattr(os, name) for name in ("rename", "replace")}

    def record_fsync(descriptor: int) -> None:
        assert os.fstat(descriptor).st_size > 0  # what Python still holds back would not be flushed
        record.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        fsync(descriptor)

    def record_rename(name: str, source: Path, target: Path) -> None:
        record.append(("rename", f"{source.name} {target.name}"))
        renames[name](source, target)

    def record_mkdir(path: Path, mode: int = 0o777) -> None:
        mkdir(path, mode)
        record.append(("mkdir", Path(path).name))

    monkeypatch.setattr(os, "fsync", record_fsync)
    for name in renames:
        monkeypatch.setattr(os, name, partial(record_rename, name))
    monkeypatch.setattr(os, "mkdir", record_mkdir)
    return record


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="the path of an open file is known on Linux")


@needs_proc
def test_a_staged_run_survives_a_power_failure(tmp_path: Path, recorded: list[tuple[str, str]]) -> None:
    """Each file is flushed, then its directory, then the name of the run. So a run with its name is complete."""
    staging = Staging(tmp_path / "usage.duckdb")
    with staging.lock("run-0", START):
        recorded.clear()
        staging.stage({"a": pl.DataFrame({"x": [1]}), "b": pl.DataFrame({"x": [1]})}, "run-1")
    assert recorded == [
        ("mkdir", "run-1.partial"),
        ("fsync", "a.parquet"),
        ("fsync", "b.parquet"),
        ("fsync", "run-1.partial"),
        ("rename", "run-1.partial run-1"),
        ("fsync", "usage.duckdb.staged"),
    ]


@needs_proc
def test_new_directories_survive_a_power_failure(tmp_path: Path, recorded: list[tuple[str, str]]) -> None:
    """Each new directory is flushed into the one above it, or all that is written into it later is lost with it."""
    with Staging(tmp_path / "a" / "b" / "usage.duckdb").lock("run-1", START):
        pass
    flushed = [name for action, name in recorded if action == "fsync"]
    assert sorted(flushed) == sorted([tmp_path.name, "a", "b"])
    assert max(recorded.index(("mkdir", name)) for name in ("a", "b", "usage.duckdb.staged")) < recorded.index(
        ("fsync", tmp_path.name)
    )


@needs_proc
def test_a_new_database_survives_a_power_failure(tmp_path: Path, recorded: list[tuple[str, str]]) -> None:
    """Its directory is flushed after the rename, or staged runs would be deleted for a database that is gone."""
    with open_database(tmp_path / "new" / "usage.duckdb"):
        recorded.append(("open", "usage.duckdb"))
    assert recorded == [
        ("mkdir", "new"),
        ("fsync", tmp_path.name),
        ("rename", "usage.duckdb.new usage.duckdb"),
        ("fsync", "new"),
        ("open", "usage.duckdb"),
    ]


@needs_proc
def test_an_output_is_flushed_before_it_replaces_a_file(tmp_path: Path, recorded: list[tuple[str, str]]) -> None:
    """After a power failure there is the old file or the new one, and once it was written, the new one."""
    output = tmp_path / "answer.csv"
    write_whole(output, b"new")
    unfinished = f"answer.csv.{os.getpid()}.new"
    assert recorded == [("fsync", unfinished), ("rename", f"{unfinished} answer.csv"), ("fsync", tmp_path.name)]
    assert output.read_bytes() == b"new"


@pytest.mark.parametrize(("has_name", "expected"), [(True, "from-the-system"), (False, "given")])
def test_the_path_of_an_error_is_that_of_the_system_if_it_names_one(
    tmp_path: Path,
    has_name: bool,  # noqa: FBT001  # a column of the table
    expected: str,
) -> None:
    """An error of a write has no path. The message then has the path that the caller was using."""
    error = OSError(errno.ENOSPC, "No space left on device", *(["from-the-system"] if has_name else []))
    message = rf"{expected}: No space left on device; make the directory writable, or free"
    with pytest.raises(StoreError, match=message), as_store_error(tmp_path / "given"):
        raise error


def test_a_variable_in_the_middle_of_a_name_is_part_of_it(tmp_path: Path) -> None:
    """Only a part of a path that begins with the sign of a variable is one."""
    assert parse_local_path(f"{tmp_path}/a$b.csv") == tmp_path / "a$b.csv"
