"""Copy a whole database into a new file: tables, views and macros, without the bytes of deleted rows."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from etl.errors import StoreError
from etl.files import sync
from etl.store import sql_files
from etl.store.engine import STORAGE_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from etl.store.database import Connection


def copy_database(connection: Connection, copy: Path) -> None:
    """Write the attached database into a new file, and flush it to the disk. The file must not exist."""
    with _attached_copy(connection, copy, f"storage_version '{STORAGE_VERSION}'"):
        connection.execute("copy from database usage to database_copy")
    sync(copy)


def compare_with_copy(connection: Connection, copy: Path) -> None:
    """Compare the attached database with a copy of it that is on disk. Raises StoreError for the first difference.

    The rows of each table are compared in the order in which they are stored, every column of every row: a copy keeps
    the order. So no hash can hide a difference, and a table of any size needs no memory. A table with fewer rows has
    nulls in the place of the rows that it lacks, and a row of nulls differs from every row.
    """
    with _attached_copy(connection, copy, "read_only"):
        different = connection.execute(sql_files.text("copy/definitions")).fetchall()
        if different:
            raise _different(copy, "{} {}.{}".format(*different[0]))
        for (table,) in connection.execute(sql_files.text("copy/tables")).fetchall():
            if connection.execute(sql_files.text("copy/rows").format(table=table)).fetchall():
                raise _different(copy, f"table {table}")


def delete_leftover(copy: Path) -> None:
    """Delete what a killed process has left of a copy, and its write-ahead log."""
    for path in (copy, copy.with_name(f"{copy.name}.wal")):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _attached_copy(connection: Connection, copy: Path, option: str) -> Iterator[None]:
    """Attach a copy while the block runs. After an error, the engine is closed, and with it the copy."""
    path = str(copy.absolute()).replace("'", "''")
    connection.execute(f"attach '{path}' as database_copy (type duckdb, {option})")
    yield
    connection.execute("detach database_copy")


def _different(copy: Path, what: str) -> StoreError:
    return StoreError(f"{copy} differs from the database in {what}; the database is unchanged. Report this defect")
