"""Opening the database."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from etl.errors import ConfigError, StoreError, StoreLocked
from etl.store.database import open_database, open_to_read, open_when_unlocked
from etl.store.engine import as_etl_errors, describe_lock_holder
from tests.samples import held_open

if TYPE_CHECKING:
    from pathlib import Path


def test_a_database_is_created_with_its_directory(tmp_path: Path) -> None:
    """The first run needs no preparation."""
    with open_database(tmp_path / "new" / "usage.duckdb") as connection:
        assert connection.execute("select count(*) from runs").fetchall() == [(0,)]


def test_a_database_belongs_to_its_owner_alone(database: Path) -> None:
    """The database says who met whom, and when. Its mode is 0600."""
    assert database.stat().st_mode & 0o777 == 0o600


def test_nothing_but_the_database_is_left_once_it_is_closed(database: Path) -> None:
    """A copy of this one file is complete: there is no write-ahead log and no unfinished file."""
    with open_database(database) as connection:
        connection.execute("insert into meeting_lists values ('list', 'app', 'meeting')")
    assert [path.name for path in database.parent.iterdir()] == ["usage.duckdb"]


def test_an_unfinished_database_of_a_crashed_run_is_replaced(tmp_path: Path) -> None:
    """A run that is killed while it creates the database leaves a file with another name. The next run starts again."""
    (tmp_path / "usage.duckdb.new").write_bytes(b"half a database")
    (tmp_path / "usage.duckdb.new.wal").write_bytes(b"half a log")
    with open_database(tmp_path / "usage.duckdb"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["usage.duckdb"]


def test_a_database_that_another_job_is_making_is_waited_for(tmp_path: Path) -> None:
    """Two processes would rename each other's unfinished file, so only one may create it."""
    database = tmp_path / "usage.duckdb"
    directory = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    with pytest.raises(StoreLocked, match="another program is creating"), open_database(database):
        pass
    assert list(tmp_path.iterdir()) == []
    os.close(directory)
    with open_database(database):
        pass


def test_a_database_can_be_read_by_every_duckdb_since_1_2(database: Path) -> None:
    """By default, DuckDB 2 writes files that 1.x tools can't read."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{database}' as made")
        tags = "select tags['storage_version'] from duckdb_databases() where database_name = 'made'"
        assert connection.execute(tags).fetchall() == [("v1.2.0+",)]


def test_a_database_with_a_quote_in_its_name_is_opened(tmp_path: Path) -> None:
    """The path is quoted in the SQL statement."""
    path = tmp_path / "it's ours.duckdb"
    with open_database(path):
        pass
    assert path.exists()


def test_instants_are_utc_whatever_the_machine_says(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise timestamps without a zone would be read in the zone of the session."""
    monkeypatch.setenv("TZ", "America/New_York")
    with open_database(database) as connection:
        assert connection.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_a_file_that_is_not_a_database_is_refused_and_not_changed(tmp_path: Path) -> None:
    """A user may name any file by mistake."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, and long enough to have a header" * 100)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"notes\.txt is not a DuckDB database; name another"), open_database(path):
        pass
    assert path.read_bytes() == before


def test_a_database_of_a_newer_duckdb_is_refused(database: Path) -> None:
    """Trying again can't help. The message says what to upgrade."""
    content = bytearray(database.read_bytes())
    struct.pack_into("<Q", content, 12, 999)  # the version of the format
    struct.pack_into("<Q", content, 0, checksum(bytes(content[8:4096])))
    database.write_bytes(content)
    message = r"usage\.duckdb was written by a newer version of DuckDB than this one .*pip install --upgrade duckdb"
    for opened in (open_database(database), open_to_read(database)):
        with pytest.raises(ConfigError, match=message), opened:
            pass


def checksum(block: bytes) -> int:
    """Compute the checksum that DuckDB writes at the start of a block."""
    result = 5381
    for (word,) in struct.iter_unpack("<Q", block):
        result ^= word * 0xBF58476D1CE4E5B9 % 2**64
    return result


@pytest.mark.parametrize(
    "reason",
    [
        "No locks available",
        "Function not implemented",
        "File locks are not supported for this file system, cannot open the file in read-write mode",
    ],
)
def test_a_file_system_without_locks_is_not_another_program(tmp_path: Path, reason: str) -> None:
    """Waiting can't help. The message says that a local disk is needed; the reasons are those of DuckDB."""
    said = f'IO Error: Could not set lock on file "/net/u": {reason}. See also https://duckdb.org/docs/concurrency'
    message = rf"usage\.duckdb can't be locked: {reason}.*has no locks.*put the database on a local disk"
    with pytest.raises(ConfigError, match=message), as_etl_errors(tmp_path / "usage.duckdb"):
        raise duckdb.IOException(said)


@pytest.mark.parametrize(
    "reason",
    [
        "Conflicting lock is held in PID 42",
        "Lock is already held in current process, likely another DuckDB instance",
    ],
)
def test_a_lock_that_is_held_is_waited_for_also_if_its_holder_is_not_known(tmp_path: Path, reason: str) -> None:
    """DuckDB can't always name the program that holds the lock."""
    said = f'IO Error: Could not set lock on file "/data/u": {reason}. See also https://duckdb.org/docs/concurrency'
    with (
        pytest.raises(StoreLocked, match=r"usage\.duckdb is held open by another program"),
        as_etl_errors(tmp_path / "usage.duckdb"),
    ):
        raise duckdb.IOException(said)


def test_a_path_that_cant_be_created_is_named(tmp_path: Path) -> None:
    """The message has the path."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"), open_database(tmp_path / "file" / "usage.duckdb"):
        pass


def test_an_error_of_duckdb_becomes_a_store_error(database: Path) -> None:
    """The user sees no traceback, but the first line of DuckDB's message."""
    with pytest.raises(StoreError, match=r"usage\.duckdb: Catalog Error"), open_database(database) as connection:
        connection.execute("select * from nowhere")


def test_after_an_error_the_database_can_be_opened_again(database: Path) -> None:
    """An error ends the transaction and releases the file."""
    script = "begin; insert into meeting_lists values ('list', 'app', 'meeting'); select * from nowhere"
    with pytest.raises(StoreError), open_database(database) as connection:
        connection.execute(script)
    with open_database(database) as connection:
        assert connection.execute("select count(*) from meeting_lists").fetchall() == [(0,)]


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_database_that_another_program_holds_is_named_with_its_holder(database: Path, mode: str) -> None:
    """An open viewer blocks the writer, even if it only reads. The message names its program and PID."""
    with (
        held_open(database, mode) as pid,
        pytest.raises(StoreLocked, match=rf"held open by .*python.* \(PID {pid}\)"),
        open_database(database),
    ):
        pass


def test_the_holder_is_parsed_from_the_message_of_duckdb() -> None:
    """DuckDB's message has the program and the PID."""
    said = 'IO Error: Could not set lock on file "u": Conflicting lock is held in /opt/my tools/duckdb (PID 42). See'
    assert describe_lock_holder(said) == "/opt/my tools/duckdb (PID 42)"


def test_a_message_without_a_holder_gives_another_program() -> None:
    """DuckDB can't always name it, for example on a network drive."""
    assert describe_lock_holder("IO Error: Could not set lock on file") == "another program"


def test_a_locked_database_is_waited_for(database: Path) -> None:
    """The rows are written as soon as the viewer closes the database."""
    with ExitStack() as viewer:
        viewer.enter_context(held_open(database))
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                viewer.close()

        used = asyncio.run(
            open_when_unlocked(database, lambda _: "used", lock_timeout=timedelta(seconds=30), sleep=sleep)
        )
    assert used == "used"
    assert waits == [0.05, 0.1, 0.2]


def test_a_locked_database_is_waited_for_until_the_time_out(database: Path) -> None:
    """The sum of all waits is the time-out. Each wait is at most one second."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    with held_open(database), pytest.raises(StoreLocked):
        asyncio.run(open_when_unlocked(database, lambda _: None, lock_timeout=timedelta(seconds=4), sleep=sleep))
    assert sum(waits) == pytest.approx(4)
    assert max(waits) == 1.0


def test_without_a_time_out_a_locked_database_is_tried_once(database: Path) -> None:
    """This is a lock time-out of zero."""

    async def sleep(_: float) -> None:
        pytest.fail("waited")

    with held_open(database), pytest.raises(StoreLocked):
        asyncio.run(open_when_unlocked(database, lambda _: None, lock_timeout=timedelta(), sleep=sleep))
