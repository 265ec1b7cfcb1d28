"""A power failure at any instant loses nothing that a job has reported as stored, and doubles nothing.

Each job runs once under strace, which records what it writes. From the recording, disks are made as power failures at
chosen instants may leave them. The next command of a user then has to find, or to make, what an undisturbed job stores.
"""

from __future__ import annotations

import random
import shutil
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import StoreLocked
from tests.chaos.conftest import IS_FULL
from tests.chaos.jobs import JOBS
from tests.chaos.recording import STRACE, record
from tests.chaos.site import Site, command_line
from tests.chaos.volatile_disk import VolatileDisk
from tests.samples import held_open
from tests.skipping import skip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.chaos.jobs import Job
    from tests.chaos.recording import Call
    from tests.chaos.site import Stored

FAILURES = 60 if IS_FULL else 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A job that ran to its end: its calls, and what is stored and exported after it and after a load."""

    calls: Sequence[Call]
    after: Stored
    exported: object


def run_recorded(site: Site, job: Job, tmp_path: Path) -> Recorded:
    """Run a job under strace in a folder that is ready for it."""
    arguments = [*job.arguments(site), "--lock-timeout", "0s"]
    with held_open(site.database) if job.is_locked else nullcontext():
        calls, ended = record(
            command_line(arguments), environment=site.environment, folder=tmp_path / "calls", directory=site.folder
        )
    assert ended.returncode == (StoreLocked.exit_code if job.is_locked else 0), ended.stderr.decode()
    assert any(call.is_report for call in calls), "the job reports its result"
    site.run(["load"])
    return Recorded(calls=calls, after=site.stored(), exported=site.exported())


@pytest.mark.parametrize("name", JOBS)
def test_a_power_failure_loses_nothing_that_was_reported(
    name: str,
    serve_api: Callable[..., Any],
    tmp_path: Path,
    seed: int,
    note_figures: Callable[[str, str], None],
) -> None:
    """All of a reported job is there, and of any other job all or nothing. Its command then completes it."""
    if STRACE is None:
        skip("no strace: the Debian package strace is not installed")
    chance, job = random.Random(seed), JOBS[name]
    site = Site(api=serve_api(meetings=12), folder=tmp_path / "site")
    site.folder.mkdir()
    job.prepare(site)
    disk = VolatileDisk(site.folder)
    recorded = run_recorded(site, job, tmp_path)
    changes = [number for number, call in enumerate(recorded.calls) if disk.is_changed_by(call)]
    # Half of the failures come after the report, when a promise was made, and half at any write before it.
    during = chance.choices(range(len(changes)), k=FAILURES // 2)
    instants = sorted(during) + [len(changes)] * (FAILURES - len(during))
    done = 0
    for number, instant in enumerate(instants):
        until = changes[instant] if instant < len(changes) else len(recorded.calls)
        while done < until:
            disk.apply(recorded.calls[done])
            done += 1
        is_reported = not any(call.is_report for call in recorded.calls[done:])
        after = replace(site, folder=tmp_path / f"after-{number}")
        disk.fail(after.folder, chance)
        where = f"seed {seed}, failure {number}, after {recorded.calls[until - 1].name}, call {until}"
        check_recovery(after, job, recorded, is_reported=is_reported, where=where)
        shutil.rmtree(after.folder)
    figures = f"{FAILURES} failures at {len(changes):,} writes, renames and deletions"
    note_figures(f"power failure: {name}", f"{figures}: nothing lost that was reported, nothing doubled")


def check_recovery(site: Site, job: Job, recorded: Recorded, *, is_reported: bool, where: str) -> None:
    """Load what is staged, then run the job again. Compare what is stored with the undisturbed job."""
    loaded = site.run(["load"])
    assert loaded.exit_code == 0, f"{where}: {loaded.output}"
    wanted = (recorded.after, recorded.exported)
    if is_reported:
        assert (site.stored(), site.exported()) == wanted, where
    if (site.stored(), site.exported()) != wanted:
        again = site.run(job.arguments(site))
        assert again.exit_code == 0, f"{where}: {again.output}"
    assert (site.stored(), site.exported()) == wanted, where
