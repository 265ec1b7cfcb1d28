"""Write the tables as Parquet files, one per table and day, and only those whose rows have changed.

    <directory>/<table>/day=2026-11-02/<table>.parquet
    <directory>/meeting_lists/meeting_lists.parquet
    <directory>/_rtk-usage.json

The last file holds the number of rows of each other file, and the sum of their hashes. A file is written under another
name, flushed to the disk and renamed. So whoever opens it has the whole old file or the whole new one.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.files import make_directory, sync, write_whole
from etl.store import sql_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from etl.store.database import Connection

_TABLES = ("runs", "meeting_lists", "session_snapshots", "session_finals", "daily_totals", "fetch_failures")
_MANIFEST, _UNFINISHED = "_rtk-usage.json", "_unfinished"
_FIRST, _END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_FINGERPRINTS = "select day, concat(count(*), ':', sum(hash(rows))) from rows group by day order by day"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFiles:
    """The numbers of files that an export has written, has left as they were, and has deleted."""

    written: int
    unchanged: int
    deleted: int


def write_days(connection: Connection, directory: Path) -> WrittenFiles:
    """Bring the files of a directory up to date with the attached database.

    The directory is empty, does not exist, or is that of an earlier export.
    """
    before = _open_directory(directory)
    unfinished = directory / _UNFINISHED
    now = {name: fingerprint for table in _TABLES for name, fingerprint in _fingerprints(connection, table)}
    changed = [name for name, found in now.items() if before.get(name) != found or not (directory / name).exists()]
    for name in changed:
        _write(connection, directory, name, unfinished / "rows")  # no name that a viewer looks for
    deleted = [path for path in _existing_files(directory) if path.relative_to(directory).as_posix() not in now]
    for path in deleted:
        _delete(path)
    _write_manifest(directory, now)
    shutil.rmtree(unfinished)
    return WrittenFiles(written=len(changed), unchanged=len(now) - len(changed), deleted=len(deleted))


def refuse_other_directory(directory: Path) -> None:
    """Raise ConfigError for a file, and for a directory that holds other files than those of an export."""
    if directory.exists() and not directory.is_dir():
        raise ConfigError(
            f"{directory} is a file; name a directory for Parquet files, or a file that ends with .duckdb"
        )
    if directory.exists() and not (directory / _MANIFEST).exists() and any(_others(directory)):
        raise ConfigError(f"{directory} holds files that are not those of an export; name a new directory")


def _others(directory: Path) -> Iterator[Path]:
    """Yield the entries that are not the unfinished manifest of an export that was killed."""
    return (path for path in directory.iterdir() if not path.name.startswith(_MANIFEST))


def _open_directory(directory: Path) -> dict[str, str]:
    """Make a directory, and return what its last export has noted of its files."""
    make_directory(directory)
    shutil.rmtree(directory / _UNFINISHED, ignore_errors=True)  # of an export that was killed
    before = _read_manifest(directory / _MANIFEST)
    _write_manifest(directory, before)  # a directory is that of an export before it has files
    (directory / _UNFINISHED).mkdir()
    return before


def _read_manifest(manifest: Path) -> dict[str, str]:
    """Read the notes on the files. If they are damaged, all files are written again."""
    try:
        files = json.loads(manifest.read_bytes())["files"]
        return {str(name): str(fingerprint) for name, fingerprint in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_manifest(directory: Path, files: dict[str, str]) -> None:
    write_whole(directory / _MANIFEST, json.dumps({"files": files}, indent=0).encode())


def _fingerprints(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each file of a table, and the fingerprint of its rows."""
    for day, fingerprint in _rows(connection, table, _FIRST, _END).query("rows", _FINGERPRINTS).fetchall():
        yield _file_name(table, day), fingerprint


def _file_name(table: str, day: date | None) -> str:
    return f"{table}/day={day}/{table}.parquet" if day else f"{table}/{table}.parquet"


def _existing_files(directory: Path) -> Iterator[Path]:
    """Yield the files of an export that are in its directory. Others may be there as well."""
    for table in _TABLES:
        yield from directory.glob(f"{table}/{table}.parquet")
        yield from directory.glob(f"{table}/day=*/{table}.parquet")


def _rows(connection: Connection, table: str, since: datetime, until: datetime) -> duckdb.DuckDBPyRelation:
    return connection.sql(sql_files.text(f"export/{table}"), params={"since": since, "until": until})


def _write(connection: Connection, directory: Path, name: str, unfinished: Path) -> None:
    """Write one file under another name, and rename it into its place."""
    table, _, rest = name.partition("/")
    since, until = _FIRST, _END
    if rest.startswith("day="):
        since = datetime.combine(date.fromisoformat(rest[4:14]), time(), UTC)
        until = since + timedelta(days=1)
    _rows(connection, table, since, until).project("* exclude (day)").write_parquet(str(unfinished), compression="zstd")
    mode = directory.stat().st_mode & 0o777  # who may read the directory may read what is in it
    unfinished.chmod(mode & 0o666)
    sync(unfinished)
    path = directory / name
    for folder in (path.parent.parent, path.parent):
        if not folder.exists():
            make_directory(folder)
            folder.chmod(mode)
    unfinished.replace(path)
    sync(path.parent)


def _delete(path: Path) -> None:
    """Delete a file, and its directory if nothing else is there."""
    path.unlink()
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
