"""Open the database: for milliseconds, in UTC, without a network, and with the name of the program that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import duckdb

from etl.errors import ConfigError, StoreError, StoreLocked
from etl.files import sync_directory
from etl.store.interrupts import run_interruptibly
from etl.store.migrate import create_views, is_current, migrate, missing_columns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

    from etl.store.interrupts import InterruptibleConnection

Connection: TypeAlias = duckdb.DuckDBPyConnection
_T = TypeVar("_T")

# DuckDB 2 would by itself write files that 1.x can't read. All versions since 1.2 read this format.
STORAGE_VERSION = "v1.2.0"

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A local file needs no extension. Without these two settings DuckDB may wait for a network.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # A load is so short that a second thread only costs time.
    "threads": 1,
    # A commit writes the database file itself, instead of a log first and the file right after it.
    "checkpoint_threshold": "1b",
    # Enough to load a list of a million. DuckDB spills the rest to disk.
    "memory_limit": "128MB",
}
# A report may read a year of runs: it gets all cores, and more memory.
_CONFIG_TO_ANALYSE = _CONFIG | {
    "threads": os.cpu_count() or 1,
    "memory_limit": "1000MB",
    # A query must not find a Python variable in the place of a missing table.
    "python_enable_replacements": False,
}
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.05, 1.0
_PRIVATE_UMASK = 0o077
_SPILL_DIRECTORY = ".duckdb-spill"
_LOCK_MESSAGE = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHolder:
    """The program that has the database open."""

    program: str
    pid: int


@contextlib.contextmanager
def open_database(database: Path) -> Iterator[Connection]:
    """Open the database to write, and create or migrate it first if necessary.

    Raises StoreLocked if another program has it open. Raises ConfigError if the file is not a database, or if a newer
    version of this tool made it. Raises StoreError for every other error of DuckDB.
    """
    with _private_files(), _as_etl_errors(database):
        if not database.exists():
            _create(database)
        with _attached(database) as connection:
            migrate(connection)
            yield connection


@contextlib.contextmanager
def open_to_read(database: Path, *, to_analyse: bool = False) -> Iterator[Connection]:
    """Open an existing database without changing it. `to_analyse` allows all cores and more memory.

    If an older version made the database, the views of this version are created in memory, for this connection only.
    Raises as `open_database` does, ConfigError if the database does not exist, and StoreError if its tables lack
    columns of this version.
    """
    if not database.exists():
        raise ConfigError(
            f"{database} does not exist; rtk-usage snapshot creates it, or name another file with --database"
        )
    attached = _attached(database, "(read_only)", to_analyse=to_analyse)
    with _private_files(), _as_etl_errors(database), attached as connection:
        if not is_current(connection):
            _create_views_in_memory(connection, database)
        yield connection


def _create_views_in_memory(connection: Connection, database: Path) -> None:
    if missing := missing_columns(connection):
        raise StoreError(
            f"{database} was made by an older version: it has no column {missing[0]}; "
            "the next snapshot, or rtk-usage load, updates it"
        )
    connection.execute("attach ':memory:' as current_views")
    connection.execute("set search_path = 'current_views,usage'")
    create_views(connection)


def read_when_unlocked(
    database: Path,
    use: Callable[[Connection], _T],
    *,
    lock_timeout: timedelta,
    sleep: Callable[[float], None],
) -> _T:
    """Open the database to analyse it, and return what `use` returns. Ctrl-C interrupts the query.

    While another program writes to the database, try again until `lock_timeout` is over. The database is closed right
    after `use`, because no program can write to it while it is read.
    """

    def read(interruptible: InterruptibleConnection) -> _T:
        with open_to_read(database, to_analyse=True) as connection, interruptible.using(connection):
            return use(connection)

    for seconds in _waits(lock_timeout):
        try:
            return run_interruptibly(read)
        except StoreLocked:
            sleep(seconds)
    return run_interruptibly(read)


async def open_when_unlocked(
    database: Path,
    use: Callable[[Connection], _T],
    *,
    lock_timeout: timedelta,
    sleep: Callable[[float], Awaitable[None]],
    is_hurried: Callable[[], bool] = lambda: False,
) -> _T:
    """Open the database to write, and return what `use` returns.

    While another program has the database open, try again until `lock_timeout` is over or `is_hurried` returns True.
    """
    for seconds in _waits(lock_timeout):
        try:
            with open_database(database) as connection:
                return use(connection)
        except StoreLocked:
            if is_hurried():
                raise
        await sleep(seconds)
    with open_database(database) as connection:
        return use(connection)


def _waits(lock_timeout: timedelta) -> Iterator[float]:
    """Yield the seconds to wait after each try. They grow, and their sum is the time-out."""
    remaining, seconds = lock_timeout.total_seconds(), _FIRST_WAIT_SECONDS
    while remaining > 0:
        yield min(seconds, remaining)
        remaining, seconds = remaining - seconds, min(2 * seconds, _LONGEST_WAIT_SECONDS)


def parse_lock_holder(message: str) -> LockHolder | None:
    """Parse DuckDB's message about a lock. Return None if it names no program."""
    match = _LOCK_MESSAGE.search(message)
    return LockHolder(program=match["program"], pid=int(match["pid"])) if match else None


def _create(database: Path) -> None:
    """Create an empty database under another name and rename it, so that it is complete after any crash.

    If two processes try, one creates it and the other finds it.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with _creation_lock(database):
        if database.exists():
            return
        unfinished = database.with_name(f"{database.name}.new")
        for leftover in (unfinished, unfinished.with_name(f"{unfinished.name}.wal")):
            leftover.unlink(missing_ok=True)
        with _attached(unfinished, f"(storage_version '{STORAGE_VERSION}')") as connection:
            migrate(connection)
        unfinished.rename(database)
        sync_directory(database.parent)  # a power failure must not undo the rename once rows are in the file


@contextlib.contextmanager
def _creation_lock(database: Path) -> Iterator[None]:
    """Lock the directory of a new database, so that no other process renames our unfinished file.

    A lock on the directory leaves no file behind. Raises StoreLocked if another process has it.
    """
    descriptor = os.open(database.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StoreLocked(f"another program is creating {database}; let it end") from None
    finally:
        os.close(descriptor)


@cache
def _engine(folder: Path, *, to_analyse: bool = False) -> Connection:
    """Return the one DuckDB instance of this process, in UTC and without a file. Starting one costs as much as a load.

    It spills into the folder of the database, because a cron job may not be able to write to its working directory.
    """
    spill = {"temp_directory": str(folder / _SPILL_DIRECTORY)}
    config = _CONFIG_TO_ANALYSE if to_analyse else _CONFIG
    connection = duckdb.connect(":memory:", config=config | spill)
    connection.execute("set TimeZone = 'UTC'")
    return connection


@contextlib.contextmanager
def _attached(database: Path, options: str = "", *, to_analyse: bool = False) -> Iterator[Connection]:
    """Attach a database to the engine as its default catalog. Detaching it leaves no write-ahead log behind.

    After any error the engine is closed, which ends its transaction and releases the file.
    """
    connection = _engine(database.parent, to_analyse=to_analyse)
    path = str(database).replace("'", "''")
    try:
        connection.execute(f"attach '{path}' as usage {options}")
        connection.execute("use usage")
        yield connection
        connection.execute("use memory")
        connection.execute("detach database if exists current_views")
        connection.execute("detach usage")
    except BaseException:
        _engine.cache_clear()
        connection.interrupt()  # after Ctrl-C a query may still run, and close() would wait for its end
        connection.close()
        raise


@contextlib.contextmanager
def _private_files() -> Iterator[None]:
    """Create files for their owner only (0600): the database says who met whom, and when."""
    before = os.umask(_PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def _as_etl_errors(database: Path) -> Iterator[None]:
    """Raise an EtlError for an error of DuckDB or of the system, with what to do next."""
    try:
        yield
    except duckdb.Error as error:
        message = str(error)
        if "Could not set lock" in message:
            raise StoreLocked(_describe_lock(database, parse_lock_holder(message))) from error
        if "not a valid DuckDB database" in message:
            raise ConfigError(f"{database} is not a DuckDB database; name another file with --database") from error
        raise StoreError(f"{database}: {message.splitlines()[0]}") from error
    except OSError as error:
        raise StoreError(f"{error.filename or database}: {error.strerror}; make the directory writable") from error


def _describe_lock(database: Path, holder: LockHolder | None) -> str:
    program = f"{holder.program} (PID {holder.pid})" if holder else "another program"
    return f"{database} is held open by {program}; close it there, or open it for moments only"
