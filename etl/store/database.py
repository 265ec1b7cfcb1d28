"""How the target is opened: for milliseconds, in UTC, without the network, and who holds it if it can't be."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import duckdb

from etl.errors import ConfigError, StoreError, StoreLocked
from etl.files import sync_directory
from etl.store.interrupts import run_interruptibly
from etl.store.migrate import is_current, migrate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

    from etl.store.interrupts import InterruptibleConnection

Connection: TypeAlias = duckdb.DuckDBPyConnection
_T = TypeVar("_T")

# Files made by DuckDB 2 in its own format can't be read by 1.x tools; in this one they can, by all since 1.2.
STORAGE_VERSION = "v1.2.0"

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A local file needs no extension, so that nothing ever waits for a network.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # A load is over before a second thread is awake.
    "threads": 1,
    # A commit then writes the database's own file at once, instead of a log first and the file right after.
    "checkpoint_threshold": "1b",
    # A list of a million is loaded in half the memory, and as fast; what does not fit is spilled.
    "memory_limit": "128MB",
}
# A report reads what a year of runs has written, with nobody waiting but the one who asked: all cores, and memory for
# it; what does not fit is spilled.
# A table that is not there is not there, though a variable of ours be called so.
_CONFIG_TO_ANALYSE = _CONFIG | {
    "threads": os.cpu_count() or 1,
    "memory_limit": "1000MB",
    "python_enable_replacements": False,
}
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
_PRIVATE = 0o077
_SPILL = ".duckdb-spill"
_HELD = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


class LockHolder(NamedTuple):
    """The program that has the database open."""

    program: str
    pid: int


@contextlib.contextmanager
def open_database(database: Path) -> Iterator[Connection]:
    """Open the database at once, made and migrated where needed; its tables are known by their bare names.

    Raises StoreLocked where another program has it open, ConfigError where it is no database or was made by
    a newer version of this tool, StoreError for everything else that DuckDB reports.
    """
    with _private_files(), _as_our_errors(database):
        if not database.exists():
            _create(database)
        with _attached(database) as connection:
            migrate(connection)
            yield connection


@contextlib.contextmanager
def open_to_read(database: Path, *, to_analyse: bool = False) -> Iterator[Connection]:
    """Open a database that is there, and change nothing; `to_analyse` much of it, with all that the machine has.

    Raises as `open_database` does, ConfigError where it is not there, and StoreError where an older version made it and
    no run has brought it up to date yet.
    """
    if not database.exists():
        raise ConfigError(f"{database} is not there; rtk-usage snapshot makes it, or name another file with --database")
    attached = _attached(database, "(read_only)", to_analyse=to_analyse)
    with _private_files(), _as_our_errors(database), attached as connection:
        if not is_current(connection):
            raise StoreError(
                f"{database} was made by an older version; the next snapshot, or rtk-usage load, updates it"
            )
        yield connection


def read_when_unlocked(
    database: Path,
    use: Callable[[Connection], _T],
    *,
    lock_timeout: timedelta,
    sleep: Callable[[float], None],
) -> _T:
    """Open the database to analyse it, and use it; while another program writes to it, try again for `lock_timeout`.

    It is open no longer than that takes: as long as it is read, nobody can write.
    """

    def read(interruptible: InterruptibleConnection) -> _T:
        with open_to_read(database, to_analyse=True) as connection, interruptible.using(connection):
            return use(connection)

    for wait in _waits(lock_timeout):
        try:
            return run_interruptibly(read)
        except StoreLocked:
            sleep(wait)
    return run_interruptibly(read)


def _waits(lock_timeout: timedelta) -> Iterator[float]:
    """Seconds to wait after each try, longer and longer, so many in all."""
    seconds = lock_timeout.total_seconds()
    waited, wait = 0.0, _FIRST_WAIT
    while waited < seconds:
        wait = min(wait, seconds - waited)
        yield wait
        waited, wait = waited + wait, min(2 * wait, _LONGEST_WAIT)


async def open_when_unlocked(
    database: Path,
    use: Callable[[Connection], _T],
    *,
    lock_timeout: timedelta,
    sleep: Callable[[float], Awaitable[None]],
    is_hurried: Callable[[], bool] = lambda: False,
) -> _T:
    """Open the database and use it; while another program has it open, try again for `lock_timeout`.

    Once `is_hurried`, which is asked after every try, it is not tried again.
    """
    for wait in _waits(lock_timeout):
        try:
            with open_database(database) as connection:
                return use(connection)
        except StoreLocked:
            if is_hurried():
                raise
        await sleep(wait)
    with open_database(database) as connection:
        return use(connection)


def parse_lock_holder(message: str) -> LockHolder | None:
    """Who holds the lock, out of DuckDB's own words for it."""
    held = _HELD.search(message)
    return LockHolder(held["program"], int(held["pid"])) if held else None


def _create(database: Path) -> None:
    """Make an empty database, unless another job is quicker: one makes it, under another name, and renames it.

    Killed at any point, none or a whole one is there.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with _only_maker(database):
        if not database.exists():
            _make(database)


@contextlib.contextmanager
def _only_maker(database: Path) -> Iterator[None]:
    """Keep others from making the same database: they would rename each other's unfinished one.

    The lock is on the directory, so that it leaves no file behind. Raises StoreLocked when another has it.
    """
    directory = os.open(database.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StoreLocked(f"{database} is being made by another program; let it end") from None
    finally:
        os.close(directory)


def _make(database: Path) -> None:
    unfinished = database.with_name(f"{database.name}.new")
    for leftover in (unfinished, unfinished.with_name(f"{unfinished.name}.wal")):
        leftover.unlink(missing_ok=True)
    with _attached(unfinished, f"(storage_version '{STORAGE_VERSION}')") as connection:
        migrate(connection)
    unfinished.rename(database)
    sync_directory(database.parent)  # a power failure must not undo the rename once rows are in the file


@cache
def _engine(folder: Path, *, to_analyse: bool = False) -> Connection:
    """The one DuckDB of this process, in UTC and without a database of its own: making one costs as much as a load.

    It spills into the folder of the database, which can be written, as the working directory of a cron job may not.
    """
    spill = {"temp_directory": str(folder / _SPILL)}
    config = _CONFIG_TO_ANALYSE if to_analyse else _CONFIG
    connection = duckdb.connect(":memory:", config=config | spill)
    connection.execute("set TimeZone = 'UTC'")
    return connection


@contextlib.contextmanager
def _attached(database: Path, options: str = "", *, to_analyse: bool = False) -> Iterator[Connection]:
    """The engine with the database at that path as its default catalog; detached, it leaves no write-ahead log.

    After any error the engine is closed, which ends its transaction and lets go of the file.
    """
    connection = _engine(database.parent, to_analyse=to_analyse)
    path = str(database).replace("'", "''")
    try:
        connection.execute(f"attach '{path}' as usage {options}")
        connection.execute("use usage")
        yield connection
        connection.execute("use memory")
        connection.execute("detach usage")
    except BaseException:
        _engine.cache_clear()
        connection.interrupt()  # closing would wait for the end of a query that Ctrl-C has left under way
        connection.close()
        raise


@contextlib.contextmanager
def _private_files() -> Iterator[None]:
    """Let the files that DuckDB makes meanwhile be the owner's alone (0600): they say who met whom, and when."""
    before = os.umask(_PRIVATE)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def _as_our_errors(database: Path) -> Iterator[None]:
    """Say what DuckDB and the system report in our own error types, with what to do next."""
    try:
        yield
    except duckdb.Error as error:
        message = str(error)
        if "Could not set lock" in message:
            raise StoreLocked(_locked(database, parse_lock_holder(message))) from error
        if "not a valid DuckDB database" in message:
            raise ConfigError(f"{database} is no DuckDB database; name another file with --database") from error
        raise StoreError(f"{database}: {message.splitlines()[0]}") from error
    except OSError as error:
        raise StoreError(f"{error.filename or database}: {error.strerror}; make the place writable") from error


def _locked(database: Path, holder: LockHolder | None) -> str:
    who = f"{holder.program} (PID {holder.pid})" if holder else "another program"
    return f"{database} is held open by {who}; close it there, or open it for moments only"
