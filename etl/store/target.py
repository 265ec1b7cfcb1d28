"""How the target is opened: for milliseconds, in UTC, without the network, and who holds it if it can't be."""

from __future__ import annotations

import contextlib
import os
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import duckdb

from etl.errors import ConfigError, StoreError, StoreLocked
from etl.store.migrate import is_current, migrate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

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
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
_PRIVATE = 0o077
_SPILL = ".duckdb-spill"
_HELD = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


class Holder(NamedTuple):
    """The program that has the database open."""

    program: str
    pid: int


@contextlib.contextmanager
def open_target(database: Path) -> Iterator[Connection]:
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
def open_to_read(database: Path) -> Iterator[Connection]:
    """Open a database that is there, and change nothing. Raises as `open_target` does.

    Raises StoreError, too, where an older version made the database and no run has brought it up to date yet.
    """
    with _private_files(), _as_our_errors(database), _attached(database, "(read_only)") as connection:
        if not is_current(connection):
            raise StoreError(f"{database} was made by an older version; the next snapshot brings it up to date")
        yield connection


async def when_unlocked(
    database: Path,
    use: Callable[[Connection], _T],
    *,
    lock_timeout: float,
    sleep: Callable[[float], Awaitable[None]],
    is_hurried: Callable[[], bool] = lambda: False,
) -> _T:
    """Open the database and use it; while another program has it open, try again for `lock_timeout` seconds.

    Once `is_hurried`, which is asked after every try, it is not tried again.
    """
    waited, wait = 0.0, _FIRST_WAIT
    while True:
        try:
            with open_target(database) as connection:
                return use(connection)
        except StoreLocked:
            if waited >= lock_timeout or is_hurried():
                raise
        wait = min(wait, lock_timeout - waited)
        await sleep(wait)
        waited, wait = waited + wait, min(2 * wait, _LONGEST_WAIT)


def lock_holder(message: str) -> Holder | None:
    """Who holds the lock, out of DuckDB's own words for it."""
    held = _HELD.search(message)
    return Holder(held["program"], int(held["pid"])) if held else None


def _create(database: Path) -> None:
    """Make an empty database under another name and rename it: killed at any point, none or a whole one is there."""
    database.parent.mkdir(parents=True, exist_ok=True)
    unfinished = database.with_name(f"{database.name}.new")
    for leftover in (unfinished, unfinished.with_name(f"{unfinished.name}.wal")):
        leftover.unlink(missing_ok=True)
    with _attached(unfinished, f"(storage_version '{STORAGE_VERSION}')") as connection:
        migrate(connection)
    unfinished.rename(database)
    _sync(database.parent)


def _sync(directory: Path) -> None:
    """Flush a directory's entries: a power failure must not undo the rename once rows are in the file."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def _engine(folder: Path) -> Connection:
    """The one DuckDB of this process, in UTC and without a database of its own: making one costs as much as a load.

    It spills into the folder of the database, which can be written, as the working directory of a cron job may not.
    """
    spill = {"temp_directory": str(folder / _SPILL)}
    connection = duckdb.connect(":memory:", config=_CONFIG | spill)
    connection.execute("set TimeZone = 'UTC'")
    return connection


@contextlib.contextmanager
def _attached(database: Path, options: str = "") -> Iterator[Connection]:
    """The engine with the database at that path as its default catalog; detached, it leaves no write-ahead log.

    After any error the engine is closed, which ends its transaction and lets go of the file.
    """
    connection = _engine(database.parent)
    path = str(database).replace("'", "''")
    try:
        connection.execute(f"attach '{path}' as usage {options}")
        connection.execute("use usage")
        yield connection
        connection.execute("use memory")
        connection.execute("detach usage")
    except BaseException:
        _engine.cache_clear()
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
            raise StoreLocked(_locked(database, lock_holder(message))) from error
        if "not a valid DuckDB database" in message:
            raise ConfigError(f"{database} is no DuckDB database; name another file with --database") from error
        raise StoreError(f"{database}: {message.splitlines()[0]}") from error
    except OSError as error:
        raise StoreError(f"{error.filename or database}: {error.strerror}; make the place writable") from error


def _locked(database: Path, holder: Holder | None) -> str:
    who = f"{holder.program} (PID {holder.pid})" if holder else "another program"
    return f"{database} is held open by {who}; close it there, or open it for moments only"
