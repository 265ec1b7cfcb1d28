"""Make a database smaller: DuckDB keeps the bytes of deleted rows in its file, but a copy does not have them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.errors import StoreError
from etl.files import sync
from etl.store.copying import compare_with_copy, copy_database, delete_leftover
from etl.store.engine import find_spill, spill_directory

if TYPE_CHECKING:
    from pathlib import Path

    from etl.store.database import Connection

_UNFINISHED_SUFFIX = ".compacting"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactedSize:
    """The bytes of a database before and after it was compacted."""

    before: int
    after: int


def compact(connection: Connection, database: Path) -> CompactedSize:
    """Replace the attached database by a copy that was compared with it row by row.

    The connection keeps every other program out until the copy is in place. A process that is killed leaves the
    database as it was, or compacted. Raises StoreError if the disk has no room for the copy, or if the copy differs.
    """
    connection.execute("checkpoint")  # no write-ahead log may stay: DuckDB would read it with the new file
    copy = database.with_name(f"{database.name}{_UNFINISHED_SUFFIX}")
    _delete_leftovers(database, copy)
    before = database.stat()
    require_space(database)
    try:
        copy_database(connection, copy)
        compare_with_copy(connection, copy)
        _take_over(before, copy)
        after = copy.stat().st_size
        copy.replace(database)
    except BaseException:
        delete_leftover(copy)
        raise
    sync(database.parent)
    return CompactedSize(before=before.st_size, after=after)


def require_space(database: Path) -> None:
    """Raise StoreError if the disk has no room for a copy as large as the database. It is usually smaller."""
    free, needed = shutil.disk_usage(database.absolute().parent).free, database.stat().st_size
    if free < needed:
        raise StoreError(
            f"{database.absolute().parent} has {free:,} bytes free, and a copy of {database.name} may need {needed:,}; "
            "free space on this disk, and run again"
        )


def _delete_leftovers(database: Path, copy: Path) -> None:
    """Delete what killed processes have left: an unfinished copy, and rows that DuckDB has spilled to the disk.

    No other program has the database open. What this process has spilled, DuckDB itself deletes.
    """
    delete_leftover(copy)
    by_other_programs = database.with_name(f"{database.name}.tmp")  # DuckDB's own name for it
    for directory in (by_other_programs, *find_spill(database)):
        if directory.is_dir() and directory != spill_directory(database):
            shutil.rmtree(directory)


def _take_over(original: os.stat_result, copy: Path) -> None:
    """Give the copy the owner and the permissions of the original."""
    made = copy.stat()
    if (made.st_uid, made.st_gid) != (original.st_uid, original.st_gid):
        os.chown(copy, original.st_uid, original.st_gid)
    copy.chmod(original.st_mode & 0o7777)
