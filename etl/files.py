"""Files on disk: written completely or not at all, and flushed so that they survive a power failure."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700


def refuse_database_as_output(database: Path, output: Path | None) -> None:
    """Raise ConfigError if an --output would replace the database or its write-ahead log."""
    if output is None:
        return
    target = Path(os.path.realpath(output))  # also for a path such as missing/../usage.duckdb
    log = database.parent / f"{database.name}.wal"  # with_name would refuse a directory such as "."
    for path in (database, log):
        if path.exists() and target.exists() and path.samefile(target):
            raise ConfigError(f"{output} is the database; name another --output")


def write_whole(output: Path, content: bytes) -> None:
    """Write a file under another name, then rename it: an existing file stays until the new one is complete.

    An existing output that is not a regular file, such as a pipe or /dev/null, is written to directly.
    """
    unfinished = output.with_name(f"{output.name}.{os.getpid()}.new")  # two processes each write their own
    try:
        if output.exists() and not output.is_file():
            output.write_bytes(content)
            return
        output.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        if output.exists():
            shutil.copymode(output, unfinished)
        unfinished.replace(output)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise ConfigError(f"{error.filename or output}: {error.strerror}; name another --output") from error


def sync_directory(directory: Path) -> None:
    """Flush the entries of a directory to the disk: otherwise a power failure may undo a rename."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def as_store_error(path: Path) -> Iterator[None]:
    """Raise StoreError for an OSError, with the path and what to do next."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{error.filename or path}: {error.strerror or error}; "
            "make the directory writable, or free space on its disk, and run again"
        ) from error
