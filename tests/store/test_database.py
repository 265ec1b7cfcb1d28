"""How the target is opened."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from etl.errors import ConfigError, StoreError, StoreLocked
from etl.store.database import LockHolder, open_database, open_when_unlocked, parse_lock_holder
from tests.samples import held_open

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database that is there."""
    path = tmp_path / "usage.duckdb"
    with open_database(path):
        pass
    return path


def test_a_database_is_made_with_its_directory_where_there_is_none(tmp_path: Path) -> None:
    """The first run needs no preparation."""
    with open_database(tmp_path / "new" / "usage.duckdb") as connection:
        assert connection.execute("select count(*) from runs").fetchall() == [(0,)]


def test_a_database_belongs_to_its_owner_alone(database: Path) -> None:
    """It says who met whom, and when: mode 0600."""
    assert database.stat().st_mode & 0o777 == 0o600


def test_nothing_but_the_database_is_left_once_it_is_closed(database: Path) -> None:
    """Copying the one file copies everything: no write-ahead log stays, nor an unfinished file."""
    with open_database(database) as connection:
        connection.execute("insert into meeting_lists values ('list', 'app', 'meeting')")
    assert [path.name for path in database.parent.iterdir()] == ["usage.duckdb"]


def test_what_a_crash_left_of_an_unfinished_database_is_no_obstacle(tmp_path: Path) -> None:
    """A run killed while it made the database leaves a file under another name; the next one starts anew."""
    (tmp_path / "usage.duckdb.new").write_bytes(b"half a database")
    (tmp_path / "usage.duckdb.new.wal").write_bytes(b"half a log")
    with open_database(tmp_path / "usage.duckdb"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["usage.duckdb"]


def test_a_database_that_another_job_is_making_is_waited_for(tmp_path: Path) -> None:
    """Two makers would rename each other's unfinished file: one makes it, and the other opens what that has made."""
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
    """DuckDB 2 would by itself make files that 1.x tools can't read."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{database}' as made")
        tags = "select tags['storage_version'] from duckdb_databases() where database_name = 'made'"
        assert connection.execute(tags).fetchall() == [("v1.2.0+",)]


def test_a_database_with_a_quote_in_its_name_is_opened(tmp_path: Path) -> None:
    """The path is part of a statement: it is quoted there."""
    path = tmp_path / "it's ours.duckdb"
    with open_database(path):
        pass
    assert path.exists()


def test_instants_are_utc_whatever_the_machine_says(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Naive timestamps would be read in the zone of the session."""
    monkeypatch.setenv("TZ", "America/New_York")
    with open_database(database) as connection:
        assert connection.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    """--database may name anything by mistake."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, and long enough to have a header" * 100)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"notes\.txt is not a DuckDB database; name another"), open_database(path):
        pass
    assert path.read_bytes() == before


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    """The message says which path is the trouble."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"), open_database(tmp_path / "file" / "usage.duckdb"):
        pass


def test_what_duckdb_reports_becomes_an_error_of_ours(database: Path) -> None:
    """No trace for trouble with the store; the first line of DuckDB's message says what it was."""
    with pytest.raises(StoreError, match=r"usage\.duckdb: Catalog Error"), open_database(database) as connection:
        connection.execute("select * from nowhere")


def test_after_an_error_the_database_can_be_opened_again(database: Path) -> None:
    """An error ends its transaction and lets go of the file."""
    script = "begin; insert into meeting_lists values ('list', 'app', 'meeting'); select * from nowhere"
    with pytest.raises(StoreError), open_database(database) as connection:
        connection.execute(script)
    with open_database(database) as connection:
        assert connection.execute("select count(*) from meeting_lists").fetchall() == [(0,)]


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_database_that_another_program_holds_is_named_with_its_holder(database: Path, mode: str) -> None:
    """A viewer left open blocks the writer, even if it only reads: who it is must be said."""
    with (
        held_open(database, mode) as pid,
        pytest.raises(StoreLocked, match=rf"held open by .*python.* \(PID {pid}\)"),
        open_database(database),
    ):
        pass


def test_the_holder_is_read_out_of_duckdbs_words() -> None:
    """Program and PID."""
    said = 'IO Error: Could not set lock on file "u": Conflicting lock is held in /opt/my tools/duckdb (PID 42). See'
    assert parse_lock_holder(said) == LockHolder(program="/opt/my tools/duckdb", pid=42)


def test_a_lock_whose_holder_is_not_said_has_none() -> None:
    """DuckDB can't always tell, on a network drive for one."""
    assert parse_lock_holder("IO Error: Could not set lock on file") is None


def test_a_locked_database_is_waited_for(database: Path) -> None:
    """As soon as the viewer closes it, the rows go in."""
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


def test_a_locked_database_is_not_waited_for_longer_than_said(database: Path) -> None:
    """All waits together are the time-out, each at most a second."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    with held_open(database), pytest.raises(StoreLocked):
        asyncio.run(open_when_unlocked(database, lambda _: None, lock_timeout=timedelta(seconds=4), sleep=sleep))
    assert sum(waits) == pytest.approx(4)
    assert max(waits) == 1.0


def test_without_patience_a_locked_database_is_tried_once(database: Path) -> None:
    """A lock time-out of nothing."""

    async def sleep(_: float) -> None:
        pytest.fail("waited")

    with held_open(database), pytest.raises(StoreLocked):
        asyncio.run(open_when_unlocked(database, lambda _: None, lock_timeout=timedelta(), sleep=sleep))
