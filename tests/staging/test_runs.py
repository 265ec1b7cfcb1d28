"""The durable hand-off on disk."""

from __future__ import annotations

import json
import os
import resource
import signal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from etl.errors import RunOverlap, StoreError
from etl.staging.runs import RECONCILIATIONS, StagedRun, discard, only_run, stage, staged_runs, staging_of, sweep

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = {"runs": pl.DataFrame({"a": [1]}), "fetch_failures": pl.DataFrame({"a": []})}
HOLDER = {"run_id": "run-1", "pid": 42, "host": "here", "since": "2026-11-02T12:00:00+00:00"}


def test_a_database_has_its_staging_directory_beside_it(tmp_path: Path) -> None:
    """So that both are on one disk, and are found together."""
    assert staging_of(tmp_path / "usage.duckdb") == tmp_path / "usage.duckdb.staged"


def test_a_staged_run_is_a_directory_with_a_file_for_each_table_it_feeds(tmp_path: Path) -> None:
    """A frame without rows feeds nothing."""
    run = stage(FRAMES, staging=tmp_path, run_id="run-1")
    assert run == StagedRun("run-1", tmp_path / "run-1")
    assert [path.name for path in run.directory.iterdir()] == ["runs.parquet"]
    assert pl.read_parquet(run.directory / "runs.parquet").equals(FRAMES["runs"])


def test_staged_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    """Mode 0600, in directories of mode 0700, whatever the umask."""
    before = os.umask(0)
    try:
        run = stage(FRAMES, staging=tmp_path, run_id="run-1")
    finally:
        os.umask(before)
    assert (run.directory / "runs.parquet").stat().st_mode & 0o777 == 0o600
    assert run.directory.stat().st_mode & 0o777 == 0o700


def test_staged_runs_come_oldest_first(tmp_path: Path) -> None:
    """Their IDs sort by the time of their start."""
    for run_id in ("run-2", "run-1"):
        stage(FRAMES, staging=tmp_path, run_id=run_id)
    assert [run.run_id for run in staged_runs(tmp_path)] == ["run-1", "run-2"]


def test_a_database_without_a_staging_directory_has_no_staged_runs(tmp_path: Path) -> None:
    """As before the first run."""
    assert staged_runs(tmp_path / "nowhere") == []


def test_a_run_that_was_not_written_to_the_end_is_no_staged_run(tmp_path: Path) -> None:
    """It has the name of a run only once everything is on the disk; until then it may be swept away."""
    (tmp_path / "run-1.partial").mkdir()
    (tmp_path / "run-1.partial" / "runs.parquet").write_bytes(b"half")
    assert staged_runs(tmp_path) == []
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_sweeping_spares_staged_runs(tmp_path: Path) -> None:
    """They are the runs that nothing may lose."""
    run = stage(FRAMES, staging=tmp_path, run_id="run-1")
    sweep(tmp_path)
    assert staged_runs(tmp_path) == [run]


def test_jobs_keep_their_hands_off_what_others_are_writing(tmp_path: Path) -> None:
    """Each sweeps after its own dead only, and none takes half of a run for a run."""
    names = ["run-1.partial", "run-2.partial-reconcile"]
    for name in names:
        (tmp_path / name).mkdir()
    assert staged_runs(tmp_path) == []
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == names[1:]
    sweep(tmp_path, RECONCILIATIONS)
    assert list(tmp_path.iterdir()) == []


def test_jobs_have_locks_of_their_own(tmp_path: Path) -> None:
    """A snapshot can't wait until a reconciliation has read its lists; two of a kind exclude each other."""
    with only_run(tmp_path, holder=HOLDER, job=RECONCILIATIONS):
        with only_run(tmp_path, holder=HOLDER):
            pass
        with pytest.raises(RunOverlap, match="run-1"), only_run(tmp_path, holder=HOLDER, job=RECONCILIATIONS):
            pass


def test_what_another_job_has_staged_is_a_staged_run(tmp_path: Path) -> None:
    """Whoever comes first brings it in."""
    run = stage(FRAMES, staging=tmp_path, run_id="run-1", job=RECONCILIATIONS)
    assert staged_runs(tmp_path) == [run]


def test_a_run_that_is_gone_is_discarded(tmp_path: Path) -> None:
    """Another job that loads what is staged may have deleted it."""
    discard(StagedRun("run-1", tmp_path / "run-1"))


def test_a_discarded_run_is_gone(tmp_path: Path) -> None:
    """Once the database holds it."""
    discard(stage(FRAMES, staging=tmp_path, run_id="run-1"))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_named(tmp_path: Path) -> None:
    """The message says where, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file.*run again"):
        stage(FRAMES, staging=tmp_path / "file", run_id="run-1")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """Whatever part of the run it hits: the frame that does not fit is no trace of polars'."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(StoreError, match="free space on its disk"):
            stage({"runs": pl.DataFrame({"a": range(1000)})}, staging=tmp_path, run_id="run-1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_second_run_learns_who_the_first_is(tmp_path: Path) -> None:
    """It ends at once, and says who runs since when."""
    staging = tmp_path / "usage.duckdb.staged"
    with (
        only_run(staging, holder=HOLDER),
        pytest.raises(RunOverlap, match=r"run-1 \(PID 42 on here\) is under way since 2026-11-02T12.*usage\.duckdb;"),
        only_run(staging, holder=HOLDER),
    ):
        pass


def test_a_first_run_that_has_not_yet_said_who_it_is_still_holds_the_lock(tmp_path: Path) -> None:
    """The lock is the kernel's; what the file says is for people."""
    with only_run(tmp_path, holder=HOLDER):
        (tmp_path / "run.lock").write_text("")
        with pytest.raises(RunOverlap, match="another run is under way"), only_run(tmp_path, holder=HOLDER):
            pass


def test_the_lock_is_free_once_its_run_has_ended(tmp_path: Path) -> None:
    """However it ended; a shorter entry replaces a longer one whole."""
    with pytest.raises(ZeroDivisionError), only_run(tmp_path, holder=HOLDER | {"host": "a much longer name"}):
        raise ZeroDivisionError
    with only_run(tmp_path, holder=HOLDER):
        assert json.loads((tmp_path / "run.lock").read_text()) == HOLDER
    assert (tmp_path / "run.lock").read_text() == ""  # nobody who comes now is told of a run that has ended


def test_the_lock_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    """As everything beside the database."""
    staging = tmp_path / "staged"
    with only_run(staging, holder=HOLDER):
        assert (staging / "run.lock").stat().st_mode & 0o777 == 0o600
        assert staging.stat().st_mode & 0o777 == 0o700


def test_a_staging_directory_that_cant_be_made_is_named(tmp_path: Path) -> None:
    """Not a trace but a path."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"), only_run(tmp_path / "file" / "staged", holder=HOLDER):
        pass
