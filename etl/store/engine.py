"""The DuckDB engine of this process: its settings, the database attached to it, and its errors as EtlErrors."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import time
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from etl.errors import ConfigError, StoreError, StoreLocked
from etl.files import as_store_error, no_locks_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from etl.errors import EtlError

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
_PRIVATE_UMASK = 0o077
# DuckDB 2 would by itself write files that 1.x can't read. All versions since 1.2 read this format.
STORAGE_VERSION = "v1.2.0"
UNFINISHED_SUFFIX = ".new"  # of a database that is being created
_PROCESS = os.urandom(8).hex()
_A_DAY = 86_400  # seconds
_LOCK_FAILED = re.compile(r'Could not set lock on file ".*?": (?P<reason>.*?)[.] See also')
_LOCK_HELD = re.compile("Conflicting lock is held|Lock is already held")
_LOCK_MESSAGE = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
_NOT_A_DATABASE = re.compile("not a valid DuckDB database")
# DuckDB 2 has the second text.
_NEWER_FORMAT = re.compile("Trying to read a database file with version number|Unsupported Storage Version")


@contextlib.contextmanager
def attach(database: Path, *options: str, to_analyse: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach a database to the engine as its default catalog. Detaching it leaves no write-ahead log behind.

    DuckDB gets an absolute path, because it reads a text such as ":memory:" or "s3://..." as something else. It gets
    the type, because it would otherwise look for an extension that opens a file of SQLite. After any error the engine
    is closed, which ends its transaction and releases the file.
    """
    connection = _engine(spill_directory(database), to_analyse=to_analyse)
    path = str(database.absolute()).replace("'", "''")
    try:
        connection.execute(f"attach '{path}' as usage ({', '.join(('type duckdb', *options))})")
        connection.execute("use usage")
        if "read_only" not in options:
            _delete_old_spill(database)
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
def second_connection(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open another connection to an attached database, so that two threads read side by side.

    Close it before the database is detached. Ctrl-C does not interrupt it, so its queries have to be short.
    """
    ((path,),) = connection.execute("select current_setting('search_path')").fetchall()
    with connection.cursor() as second:
        second.execute("set TimeZone = 'UTC'")
        second.execute(f"set search_path = '{path}'")
        yield second


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Create files for their owner only (0600): the database says who met whom, and when."""
    before = os.umask(_PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def as_etl_errors(database: Path) -> Iterator[None]:
    """Raise an EtlError for an error of DuckDB or of the system, with what to do next."""
    with as_store_error(database):
        try:
            yield
        except duckdb.Error as error:
            raise _etl_error(database, str(error)) from error


def _etl_error(database: Path, message: str) -> EtlError:
    """Return the error for a message of DuckDB."""
    if failed := _LOCK_FAILED.search(message):
        if not _LOCK_HELD.search(message):
            return no_locks_error(database, failed["reason"])
        holder = describe_lock_holder(message)
        return StoreLocked(f"{database} is held open by {holder}; close it there, or open it for moments only")
    if _NOT_A_DATABASE.search(message):
        return ConfigError(f"{database} is not a DuckDB database; name another file with --database")
    if _NEWER_FORMAT.search(message):
        return ConfigError(
            f"{database} was written by a newer version of DuckDB than this one ({duckdb.__version__}); "
            "upgrade with: pip install --upgrade duckdb"
        )
    return StoreError(f"{database}: {message.splitlines()[0]}")


def describe_lock_holder(message: str) -> str:
    """Return the program that holds the lock, and its PID, as far as DuckDB's message names them."""
    match = _LOCK_MESSAGE.search(message)
    return "{program} (PID {pid})".format_map(match.groupdict()) if match else "another program"


def spill_directory(database: Path) -> Path:
    """Return the directory into which this process spills what it does with a database.

    A cron job may not be able to write to its working directory, so the directory is beside the database. Two processes
    that spill into one directory overwrite each other's rows: DuckDB gives their files the same names.
    """
    return database.with_name(f"{_spill_prefix(database)}{_PROCESS}")


def _spill_prefix(database: Path) -> str:
    return f"{database.name.removesuffix(UNFINISHED_SUFFIX)}.tmp-"


def find_spill(database: Path) -> list[Path]:
    """Return the directories into which processes of this tool have spilled what they do with a database."""
    return list(database.parent.glob(f"{glob.escape(_spill_prefix(database))}*"))


def _delete_old_spill(database: Path) -> None:
    """Delete what killed processes have spilled more than a day ago. No other process may have the database open."""
    for directory in find_spill(database):
        with contextlib.suppress(FileNotFoundError):
            if directory.stat().st_mtime < time.time() - _A_DAY:
                shutil.rmtree(directory, ignore_errors=True)


@cache
def _engine(spill: Path, *, to_analyse: bool = False) -> duckdb.DuckDBPyConnection:
    """Return the one DuckDB instance of this process, in UTC and without a file. Starting one costs as much as a load.

    It is kept for as long as the process works with one database.
    """
    config = _CONFIG_TO_ANALYSE if to_analyse else _CONFIG
    connection = duckdb.connect(":memory:", config=config | {"temp_directory": str(spill)})
    connection.execute("set TimeZone = 'UTC'")
    return connection
