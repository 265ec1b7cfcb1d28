"""The job `export`: a copy of the database, or its rows as Parquet files, for programs that hold files open."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from etl.errors import ConfigError, EtlError, StoreError
from etl.jobs.prepare import require_own_database, start_run
from etl.settings import COPY_SUFFIX, ReadSettings, floor_to
from etl.staging.destinations import forget, note_written, read_destinations, remember
from etl.staging.runs import EXPORTS, Staging
from etl.store.database import read_when_unlocked
from etl.store.parquet import refuse_other_directory, write_days
from etl.store.share import refuse_other_file, write_copy

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from pathlib import Path

    from etl.store.database import Connection
    from etl.store.parquet import WrittenFiles

_T = TypeVar("_T")
_KINDS = ("copy", "parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """The result of an export: the bytes of a copy, or the files of a directory."""

    destination: Path
    copied_bytes: int | None = None
    files: WrittenFiles | None = None


def export_database(settings: ReadSettings, destination: Path, *, now: datetime) -> ExportResult:
    """Write all rows to a destination: one file if its name ends with .duckdb, else a directory of Parquet files.

    The destination is noted before anything is written to it. Raises RunOverlap if another export or an erasure is
    under way, and StoreLocked if another program writes to the database for too long. Raises ConfigError if the
    destination holds something else, and StoreError if a disk does not accept the files.
    """
    database = settings.database
    if not database.exists():
        raise ConfigError(f"{database} does not exist; name the database with --database")
    if not destination.absolute().parent.is_dir():
        raise ConfigError(f"the directory {destination.parent} does not exist; create it, or name another destination")
    require_own_database(database)
    with Staging(database, EXPORTS).lock(start_run("", now).run_id, now):
        return write_export(settings, destination, now=now)


def write_export(settings: ReadSettings, destination: Path, *, now: datetime) -> ExportResult:
    """Export as `export_database` does, for a job that has the lock of exports."""
    is_copy = destination.suffix == COPY_SUFFIX
    refuse_other = refuse_other_file if is_copy else refuse_other_directory
    refuse_other(destination)
    kind = "copy" if is_copy else "parquet"
    remember(settings.database, destination, kind=kind)
    if is_copy:
        size = _read(settings, partial(write_copy, destination=destination))
        result = ExportResult(destination=destination, copied_bytes=size)
    else:
        files = _read(settings, partial(write_days, directory=destination))
        result = ExportResult(destination=destination, files=files)
    note_written(settings.database, destination, kind=kind, at=now)
    return result


def rewrite_exports(database: Path, *, now: datetime, lock_timeout: timedelta) -> list[Path]:
    """Write every known export again, for a job that has the lock of exports. Return their destinations.

    An export that somebody has deleted is forgotten. Raises StoreError if one can't be written, after all others are.
    """
    settings = ReadSettings(database=database, lock_timeout=lock_timeout)
    rewritten, problems = [], []
    for known in read_destinations(database):
        if known.kind not in _KINDS:
            continue
        if known.path.parent.exists() and not known.path.exists():
            forget(database, known.path)
            continue
        try:
            write_export(settings, known.path, now=now)
            rewritten.append(known.path)
        except (EtlError, OSError) as error:
            problems.append(f"{known.path}: {error}")
    if problems:
        raise StoreError(
            f"the rows are erased from {database}, but not from every export. {'; '.join(problems)}. "
            "Make it writable, or delete it, and run rtk-usage compact, which completes the erasure"
        )
    return rewritten


def is_due(database: Path, destination: Path, *, every: timedelta, now: datetime) -> bool:
    """Return True if nothing was exported to a destination in the present interval."""
    known = {place.path: place.written_at for place in read_destinations(database)}
    written_at = known.get(destination.absolute())
    return not (written_at and destination.exists() and floor_to(written_at, every) == floor_to(now, every))


def _read(settings: ReadSettings, write: Callable[[Connection], _T]) -> _T:
    return read_when_unlocked(settings.database, write, lock_timeout=settings.lock_timeout, sleep=time.sleep)
