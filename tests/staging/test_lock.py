"""The lock that keeps a second run of the same job away."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

from etl.errors import RunOverlap, StoreError
from etl.staging.runs import RECONCILIATIONS, Staging
from tests.samples import SLOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    """The staging directory of a database, before the first run."""
    return Staging(tmp_path / "usage.duckdb")


def test_each_job_has_its_own_lock(staging: Staging, tmp_path: Path) -> None:
    """A snapshot can't wait until a reconciliation has read its lists; two runs of one job exclude each other."""
    reconciliations = Staging(tmp_path / "usage.duckdb", RECONCILIATIONS)
    with reconciliations.lock("run-1", SLOT):
        with staging.lock("run-2", SLOT):
            pass
        with pytest.raises(RunOverlap, match="run-1"), reconciliations.lock("run-3", SLOT):
            pass


def test_a_second_run_ends_and_names_the_first(staging: Staging) -> None:
    """The message has the run, its process, its machine and its start, and the name of the database."""
    holder = rf"run run-1 \(PID {os.getpid()} on {socket.gethostname()}\) is under way since 2026-11-02T12:00:00\+00:00"
    with (
        staging.lock("run-1", SLOT),
        pytest.raises(RunOverlap, match=rf"{holder} on usage\.duckdb; this run has done nothing"),
        staging.lock("run-2", SLOT),
    ):
        pass


def test_a_run_holds_the_lock_before_it_has_written_its_entry(staging: Staging) -> None:
    """The lock belongs to the kernel; the content of the file is for people."""
    with staging.lock("run-1", SLOT):
        (staging.directory / "run.lock").write_text("")
        with pytest.raises(RunOverlap, match="another run is under way"), staging.lock("run-2", SLOT):
            pass


def test_the_lock_is_free_once_its_run_has_ended(staging: Staging) -> None:
    """This holds however the run ended. A shorter entry replaces a longer one completely."""
    with pytest.raises(ZeroDivisionError), staging.lock("a run with a much longer ID", SLOT):
        raise ZeroDivisionError
    lock_file = staging.directory / "run.lock"
    with staging.lock("run-1", SLOT):
        assert json.loads(lock_file.read_text())["run_id"] == "run-1"
    assert lock_file.read_text() == ""  # a run that has ended must not be named to a later one


def test_the_lock_file_is_readable_by_its_owner_only(staging: Staging) -> None:
    """Everything beside the database is private."""
    with staging.lock("run-1", SLOT):
        assert (staging.directory / "run.lock").stat().st_mode & 0o777 == 0o600
        assert staging.directory.stat().st_mode & 0o777 == 0o700


def test_a_staging_directory_that_cant_be_made_is_named(tmp_path: Path) -> None:
    """The user sees a path, not a traceback."""
    (tmp_path / "file").touch()
    staging = Staging(tmp_path / "file" / "usage.duckdb")
    with pytest.raises(StoreError, match="file"), staging.lock("run-1", SLOT):
        pass
