"""The durable hand-off on disk: a run that is staged can't be lost, whatever happens to the database.

`<database>.staged/<run_id>/` holds a Parquet file for each table the run feeds. It is written under another
name, flushed to the disk and renamed: a directory with a run's name is whole. A lock beside them keeps a second run
of the same job away while one is under way; what is staged, every job may load.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import shutil
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from etl.errors import RunOverlap, StoreError
from etl.values.fetch import Spending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PRIVATE_FILE, _PRIVATE_DIRECTORY = 0o600, 0o700


class Job(NamedTuple):
    """What keeps the runs of a job apart from those of another: their lock, and the ending of what is half written."""

    lock: str
    partial: str


SNAPSHOTS = Job("run.lock", ".partial")
RECONCILIATIONS = Job("reconcile.lock", ".partial-reconcile")
_PARTIAL = (SNAPSHOTS.partial, RECONCILIATIONS.partial)


class StagedRun(NamedTuple):
    """A run on disk. Its ID is a UUIDv7, so that staged runs sort by the time of their start."""

    run_id: str
    directory: Path


def staging_of(database: Path) -> Path:
    """Where the runs of a database are staged: beside it."""
    return database.with_name(database.name + ".staged")


@contextlib.contextmanager
def only_run(staging: Path, *, holder: Mapping[str, object], job: Job = SNAPSHOTS) -> Iterator[None]:
    """Keep other runs of the same job and database away; `holder` (run_id, pid, host, since) tells them who is here.

    The lock is the kernel's and goes with the process, however that ends. Raises RunOverlap when another
    run has it, StoreError when the staging directory can't be used.
    """
    with _as_store_error(staging):
        staging.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        _sync(staging.parent)
        lock = os.open(staging / job.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
    try:
        with _as_store_error(staging):
            _take(lock, staging, json.dumps(dict(holder)).encode())
        yield
        os.ftruncate(lock, 0)
    finally:
        os.close(lock)


def _take(lock: int, staging: Path, holder: bytes) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunOverlap(_overlap(staging, os.read(lock, 10_000).decode())) from None
    os.ftruncate(lock, 0)
    os.write(lock, holder)


def stage(frames: Mapping[str, pl.DataFrame], *, staging: Path, run_id: str, job: Job = SNAPSHOTS) -> StagedRun:
    """Write a run's frames, by table, so that they outlive a crash of the process and of the machine.

    A frame without rows feeds nothing and is not written.

    Raises StoreError when the disk does not take them.
    """
    partial, directory = staging / f"{run_id}{job.partial}", staging / run_id
    with _as_store_error(staging):
        partial.mkdir(mode=_PRIVATE_DIRECTORY)
        for table, frame in frames.items():
            if not frame.is_empty():
                _write(frame, partial / f"{table}.parquet")
        _sync(partial)
        partial.rename(directory)
        _sync(staging)
    return StagedRun(run_id, directory)


def staged_runs(staging: Path) -> list[StagedRun]:
    """The runs that wait for the database, oldest first."""
    with _as_store_error(staging):
        found = sorted(path for path in staging.iterdir() if path.is_dir()) if staging.is_dir() else []
    return [StagedRun(path.name, path) for path in found if not path.name.endswith(_PARTIAL)]


def read_staged_spending(run: StagedRun) -> Spending | None:
    """What a staged run spent of the API's limit; None where its files are damaged, which the load will say."""
    try:
        row = pl.read_parquet(run.directory / "runs.parquet", columns=["finished_at", "requests"]).row(0, named=True)
    except (OSError, pl.exceptions.PolarsError, IndexError):
        return None
    return Spending(**row)


def discard(run: StagedRun) -> None:
    """Delete a run that the database holds for good. What a crash leaves of it is deleted the next time.

    It may be gone: another job that loads what is staged deletes it, too.
    """
    with _as_store_error(run.directory), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(run.directory)


def sweep(staging: Path, job: Job = SNAPSHOTS) -> None:
    """Delete what runs of a job that died while they were writing have left. Only the run that holds its lock may."""
    with _as_store_error(staging):
        for partial in staging.glob(f"*{job.partial}"):
            shutil.rmtree(partial) if partial.is_dir() else partial.unlink()


def _write(frame: pl.DataFrame, path: Path) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE), "wb") as file:
        content = io.BytesIO()  # polars reports a full disk in errors of its own; Python as what it is
        frame.write_parquet(content, compression="zstd")
        file.write(content.getbuffer())
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    """Flush a directory's entries: without it, a renamed file may be gone after a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _overlap(staging: Path, holder: str) -> str:
    try:
        known = json.loads(holder)
        who = f"run {known['run_id']} (PID {known['pid']} on {known['host']}) is under way since {known['since']}"
    except (ValueError, KeyError, TypeError):  # it has just started and not yet said who it is
        who = "another run is under way"
    database = staging.name.removesuffix(".staged")
    return f"{who}, with {database}; this one has done nothing. Let it end, or start runs further apart"


@contextlib.contextmanager
def _as_store_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{error.filename or path}: {error.strerror or error}; "
            "make the directory writable, or free space on its disk, and run again"
        ) from error
