"""The staging directory: a staged run can't be lost, whatever happens to the database.

`<database>.staged/<run_id>/` holds one Parquet file for each table that has rows. A run is written under another name,
flushed to the disk and renamed, so that a directory with the name of a run is complete. Each job has its own lock,
which keeps a second run of the same job away. Any job may load what is staged.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.files import PRIVATE_DIRECTORY, PRIVATE_FILE, as_store_error, make_directory, sync
from etl.staging.lock import hold_lock
from etl.values.fetch import Spending
from etl.values.run import StagedRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The names that keep the runs of one job apart from those of another: the lock file and the unfinished suffix."""

    lock_file: str
    unfinished_suffix: str


SNAPSHOTS = Job(lock_file="run.lock", unfinished_suffix=".partial")
RECONCILIATIONS = Job(lock_file="reconcile.lock", unfinished_suffix=".partial-reconcile")
EXPORTS = Job(lock_file="export.lock", unfinished_suffix=".partial-export")
_UNFINISHED_SUFFIXES = (SNAPSHOTS.unfinished_suffix, RECONCILIATIONS.unfinished_suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedLedger:
    """The entry of a staged run for the ledger, as far as it says when the run was and whether it learned anything."""

    kind: str
    slot: datetime
    started_at: datetime
    meetings: int
    failed: int

    @property
    def is_good(self) -> bool:
        """True unless everything failed."""
        failed_among_meetings = self.failed if self.kind == "snapshot" else 0
        return self.failed == 0 or self.meetings > failed_among_meetings


class Staging:
    """The staging directory of a database, as one job uses it."""

    def __init__(self, database: Path, job: Job = SNAPSHOTS) -> None:
        self.directory = database.with_name(f"{database.name}.staged")
        self._database = database
        self._job = job

    @contextlib.contextmanager
    def lock(self, run_id: str, since: datetime) -> Iterator[None]:
        """Keep other runs of this job away, and delete what a crashed run of this job has left unfinished.

        Raises RunOverlap if another run holds the lock, ConfigError if the file system has no locks, and StoreError if
        the directory can't be used.
        """
        with as_store_error(self.directory):
            make_directory(self.directory, PRIVATE_DIRECTORY)
        path = self.directory / self._job.lock_file
        with hold_lock(path, run_id=run_id, since=since, database=self._database.name):
            with as_store_error(self.directory):
                for unfinished in self.directory.glob(f"*{self._job.unfinished_suffix}"):
                    shutil.rmtree(unfinished) if unfinished.is_dir() else unfinished.unlink()
            yield

    def stage(self, frames: Mapping[str, pl.DataFrame], run_id: str) -> StagedRun:
        """Write the frames of a run, one per table, so that they survive a crash of the process or the machine.

        A frame without rows is not written. Raises StoreError if the disk does not accept the files.
        """
        unfinished = self.directory / f"{run_id}{self._job.unfinished_suffix}"
        finished = self.directory / run_id
        with as_store_error(self.directory):
            unfinished.mkdir(mode=PRIVATE_DIRECTORY)
            for table, frame in frames.items():
                if not frame.is_empty():
                    _write(frame, unfinished / f"{table}.parquet")
            sync(unfinished)
            unfinished.rename(finished)
            sync(self.directory)
        return StagedRun(run_id=run_id, directory=finished)

    def runs(self) -> list[StagedRun]:
        """Return the runs that wait for the database, oldest first."""
        with as_store_error(self.directory):
            paths = sorted(self.directory.iterdir()) if self.directory.is_dir() else []
            finished = [path for path in paths if path.is_dir() and not path.name.endswith(_UNFINISHED_SUFFIXES)]
        return [StagedRun(run_id=path.name, directory=path) for path in finished]

    def read_spending(self) -> list[Spending]:
        """Return the requests that the staged runs have spent; the load reports the damaged runs left out here."""
        return [spending for run in self.runs() if (spending := _read_spending(run))]


def discard(run: StagedRun) -> None:
    """Delete a run that the database now holds. The run may be gone already: every job that loads runs deletes them."""
    with as_store_error(run.directory), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(run.directory)


def read_ledger(run: StagedRun) -> StagedLedger | None:
    """Read the entry of a staged run for the ledger. None if the run is damaged, or was loaded meanwhile."""
    row = _read_ledger_row(run, ["kind", "slot", "started_at", "meetings", "failed"])
    return StagedLedger(**row) if row else None


def _read_spending(run: StagedRun) -> Spending | None:
    row = _read_ledger_row(run, ["finished_at", "requests"])
    return Spending(**row) if row else None


def _read_ledger_row(run: StagedRun, columns: list[str]) -> dict[str, Any] | None:
    try:
        return pl.read_parquet(run.directory / "runs.parquet", columns=columns).row(0, named=True)
    except (OSError, pl.exceptions.PolarsError, IndexError):
        return None


def _write(frame: pl.DataFrame, path: Path) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
        content = io.BytesIO()  # polars has its own errors for a full disk; Python raises OSError
        frame.write_parquet(content, compression="zstd")
        file.write(content.getbuffer())
        file.flush()
        os.fsync(file.fileno())
