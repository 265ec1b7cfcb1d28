"""Staged runs on disk."""

from __future__ import annotations

import os
import resource
import signal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from etl.errors import StoreError
from etl.staging.runs import RECONCILIATIONS, Staging, discard
from etl.values.fetch import Spending
from etl.values.run import StagedRun
from tests.samples import SLOT

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = {"runs": pl.DataFrame({"a": [1]}), "fetch_failures": pl.DataFrame({"a": []})}


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    """The staging directory of a database, which an earlier run has made."""
    staging = Staging(tmp_path / "usage.duckdb")
    staging.directory.mkdir()
    return staging


@pytest.fixture
def reconciliations(staging: Staging, tmp_path: Path) -> Staging:
    """The same directory, as the other job uses it."""
    assert staging.directory.exists()
    return Staging(tmp_path / "usage.duckdb", RECONCILIATIONS)


def test_the_staging_directory_is_beside_the_database(tmp_path: Path) -> None:
    """Both are on the same disk."""
    assert Staging(tmp_path / "usage.duckdb").directory == tmp_path / "usage.duckdb.staged"


def test_a_staged_run_is_a_directory_with_one_file_per_table(staging: Staging) -> None:
    """A frame without rows is not written."""
    run = staging.stage(FRAMES, "run-1")
    assert run == StagedRun(run_id="run-1", directory=staging.directory / "run-1")
    assert [path.name for path in run.directory.iterdir()] == ["runs.parquet"]
    assert pl.read_parquet(run.directory / "runs.parquet").equals(FRAMES["runs"])


def test_staged_files_are_readable_by_their_owner_only(staging: Staging) -> None:
    """Files have mode 0600 in directories of mode 0700, whatever the umask."""
    before = os.umask(0)
    try:
        run = staging.stage(FRAMES, "run-1")
    finally:
        os.umask(before)
    assert (run.directory / "runs.parquet").stat().st_mode & 0o777 == 0o600
    assert run.directory.stat().st_mode & 0o777 == 0o700


def test_staged_runs_are_listed_oldest_first(staging: Staging) -> None:
    """Their IDs sort by the time of their start."""
    for run_id in ("run-2", "run-1"):
        staging.stage(FRAMES, run_id)
    assert [run.run_id for run in staging.runs()] == ["run-1", "run-2"]


def test_a_database_without_a_staging_directory_has_no_staged_runs(tmp_path: Path) -> None:
    """This is the state before the first run."""
    assert Staging(tmp_path / "usage.duckdb").runs() == []


def test_an_unfinished_run_is_not_a_staged_run(staging: Staging) -> None:
    """A directory gets the name of a run only when it is complete on disk. The job's next run deletes others."""
    unfinished = staging.directory / "run-1.partial"
    unfinished.mkdir()
    (unfinished / "runs.parquet").write_bytes(b"half")
    assert staging.runs() == []
    with staging.lock("run-2", SLOT):
        assert not unfinished.exists()


def test_staged_runs_are_kept_when_unfinished_runs_are_deleted(staging: Staging) -> None:
    """No staged run may be lost."""
    run = staging.stage(FRAMES, "run-1")
    with staging.lock("run-2", SLOT):
        assert staging.runs() == [run]


def test_a_job_deletes_only_its_own_unfinished_runs(staging: Staging, reconciliations: Staging) -> None:
    """The other job may be writing its run at this moment."""
    names = ["run-1.partial", "run-2.partial-reconcile"]
    for name in names:
        (staging.directory / name).mkdir()
    assert staging.runs() == []
    with staging.lock("run-3", SLOT):
        assert sorted(path.name for path in staging.directory.iterdir()) == ["run-2.partial-reconcile", "run.lock"]
    with reconciliations.lock("run-4", SLOT):
        assert sorted(path.name for path in staging.directory.iterdir()) == ["reconcile.lock", "run.lock"]


def test_a_run_that_another_job_has_staged_is_a_staged_run(staging: Staging, reconciliations: Staging) -> None:
    """Any job may load it."""
    run = reconciliations.stage(FRAMES, "run-1")
    assert staging.runs() == [run]


def test_the_spending_of_a_damaged_run_is_left_out(staging: Staging) -> None:
    """The load reports the damaged run."""
    staging.stage(FRAMES, "run-1")
    spent = pl.DataFrame({"finished_at": [SLOT], "requests": [7]})
    staging.stage({"runs": spent}, "run-2")
    assert staging.read_spending() == [Spending(finished_at=SLOT, requests=7)]


def test_a_run_that_is_already_gone_can_be_discarded(staging: Staging) -> None:
    """Another job that loads staged runs may have deleted it."""
    other = staging.stage(FRAMES, "run-2")
    discard(StagedRun(run_id="run-1", directory=staging.directory / "run-1"))
    assert staging.runs() == [other]


def test_a_discarded_run_is_gone(staging: Staging) -> None:
    """The database holds it by then."""
    discard(staging.stage(FRAMES, "run-1"))
    assert list(staging.directory.iterdir()) == []


def test_a_directory_that_accepts_no_files_is_named(tmp_path: Path) -> None:
    """The message says which path, and what to do."""
    staging = Staging(tmp_path / "usage.duckdb")
    staging.directory.touch()
    with pytest.raises(StoreError, match=r"usage\.duckdb\.staged.*run again"):
        staging.stage(FRAMES, "run-1")


def test_a_full_disk_is_named(staging: Staging) -> None:
    """This holds whichever file of the run does not fit; the user sees no traceback of polars."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(StoreError, match="free space on its disk"):
            staging.stage({"runs": pl.DataFrame({"a": range(1000)})}, "run-1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
