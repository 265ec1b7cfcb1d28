"""Open the database: for milliseconds, in UTC, without a network, and with the name of the program that holds it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import duckdb

from etl.errors import ConfigError, StoreError, StoreLocked
from etl.files import lock_at_once, make_directory, sync
from etl.store.engine import STORAGE_VERSION, UNFINISHED_SUFFIX, as_etl_errors, attach, private_files
from etl.store.interrupts import run_interruptibly
from etl.store.migrate import create_views, is_current, migrate, missing_columns, refuse_foreign
from etl.store.path import require_database_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

Connection: TypeAlias = duckdb.DuckDBPyConnection
_T = TypeVar("_T")

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.05, 1.0


@contextlib.contextmanager
def open_database(database: Path) -> Iterator[Connection]:
    """Open the database to write, and create or migrate it first if necessary.

    Raises StoreLocked if another program has it open. Raises ConfigError if the file is not a database, or if a newer
    version of this tool or another program made it. Raises StoreError for every other error of DuckDB.
    """
    with private_files(), as_etl_errors(database):
        if not database.exists():
            _create(database)
        require_database_file(database)
        with attach(database) as connection:
            migrate(connection, database)
            yield connection


@contextlib.contextmanager
def open_to_read(database: Path, *, to_analyse: bool = False) -> Iterator[Connection]:
    """Open an existing database without changing it. `to_analyse` allows all cores and more memory.

    If an older version made the database, the views of this version are created in memory, for this connection only.
    Raises as `open_database` does, ConfigError if the database does not exist, and StoreError if its tables lack
    columns of this version.
    """
    with private_files(), as_etl_errors(database):
        require_database_file(database)
        if not database.exists():
            raise ConfigError(
                f"{database} does not exist; rtk-usage snapshot creates it, or name another file with --database"
            )
        with attach(database, "read_only", to_analyse=to_analyse) as connection:
            if not is_current(connection, database):
                _create_views_in_memory(connection, database)
            yield connection


def refuse_foreign_database(database: Path) -> None:
    """Raise ConfigError if another program or a newer version made a database. Other errors are left to the load.

    A database that does not exist, or that another program has open, is accepted.
    """
    if database.exists():
        with contextlib.suppress(StoreLocked, StoreError), private_files(), as_etl_errors(database):
            require_database_file(database)
            with attach(database, "read_only") as connection:
                refuse_foreign(connection, database)


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

    def read() -> _T:
        """Open the database once."""
        return run_interruptibly(open_to_read(database, to_analyse=True), use)

    for seconds in _waits(lock_timeout):
        with contextlib.suppress(StoreLocked):
            return read()
        sleep(seconds)
    return read()


async def open_when_unlocked(  # noqa: PLR0913  # each by its name: how to open, and how to wait
    database: Path,
    use: Callable[[Connection], _T],
    *,
    lock_timeout: timedelta,
    sleep: Callable[[float], Awaitable[None]],
    is_hurried: Callable[[], bool] = lambda: False,
    to_read: bool = False,
) -> _T:
    """Open the database to write, or `to_read` only, and return what `use` returns.

    While another program has the database open, try again until `lock_timeout` is over or `is_hurried` returns True.
    """
    open_it = open_to_read if to_read else open_database
    for seconds in _waits(lock_timeout):
        try:
            with open_it(database) as connection:
                return use(connection)
        except StoreLocked:
            if is_hurried():
                raise
        await sleep(seconds)
    with open_it(database) as connection:
        return use(connection)


def _waits(lock_timeout: timedelta) -> Iterator[float]:
    """Yield the seconds to wait after each try. They grow, and their sum is the time-out."""
    remaining, seconds = lock_timeout.total_seconds(), _FIRST_WAIT_SECONDS
    while remaining > 0:
        yield min(seconds, remaining)
        remaining, seconds = remaining - seconds, min(2 * seconds, _LONGEST_WAIT_SECONDS)


def _create(database: Path) -> None:
    """Create an empty database under another name and rename it, so that it is complete after any crash.

    If two processes try, one creates it and the other finds it.
    """
    make_directory(database.parent)
    with _creation_lock(database):
        if database.exists():
            return
        unfinished = database.with_name(f"{database.name}{UNFINISHED_SUFFIX}")
        for leftover in (unfinished, unfinished.with_name(f"{unfinished.name}.wal")):
            leftover.unlink(missing_ok=True)
        with attach(unfinished, f"storage_version '{STORAGE_VERSION}'") as connection:
            migrate(connection, database)
        unfinished.rename(database)
        sync(database.parent)  # a power failure must not undo the rename once rows are in the file


@contextlib.contextmanager
def _creation_lock(database: Path) -> Iterator[None]:
    """Lock the directory of a new database, so that no other process renames our unfinished file.

    A lock on the directory leaves no file behind. Raises StoreLocked if another process has it.
    """
    descriptor = os.open(database.parent, os.O_RDONLY)
    try:
        lock_at_once(descriptor, database.parent)
        yield
    except BlockingIOError:
        raise StoreLocked(f"another program is creating {database}; let it end") from None
    finally:
        os.close(descriptor)
