"""A power failure at any instant loses nothing that a job has reported as stored, and doubles nothing.

Each job runs once under strace, which records what it writes. From the recording, disks are made as power failures at
chosen instants may leave them. The next command of a user then has to find, or to make, what an undisturbed job stores.
"""

from __future__ import annotations

import random
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import StoreLocked
from tests.chaos.conftest import IS_FULL
from tests.chaos.recording import STRACE, record
from tests.chaos.site import Site, command_line
from tests.chaos.volatile_disk import VolatileDisk
from tests.conftest import START
from tests.samples import held_open
from tests.skipping import skip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.chaos.recording import Call
    from tests.chaos.site import Stored

HOUR = timedelta(hours=1)
FAILURES = 100 if IS_FULL else 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job and the state in which it begins: `prepare` makes it, `arguments` are those of the job.

    `is_locked` tells that another program has the database open meanwhile.
    """

    prepare: Callable[[Site], object]
    arguments: Callable[[Site], list[str]]
    is_locked: bool = False


def take_first(site: Site) -> None:
    """Store a snapshot, so that the database exists."""
    site.take(START - HOUR)


def leave_staged(site: Site) -> None:
    """Store a snapshot, and leave another staged, since a program holds the database open."""
    take_first(site)
    with held_open(site.database):
        site.take(START - HOUR / 2)


def take_snapshot_arguments(site: Site) -> list[str]:
    """Take the snapshot of the slot START."""
    site.api.clock.set(START)
    return site.arguments_of_snapshot(START)


def erase_arguments(site: Site) -> list[str]:
    """Erase the app, and with it every row."""
    return ["erase", "--app-id", site.api.world.app_id, "--yes"]


JOBS = {
    "first snapshot": Job(prepare=lambda _site: None, arguments=take_snapshot_arguments),
    "snapshot": Job(prepare=take_first, arguments=take_snapshot_arguments),
    "snapshot beside a staged run": Job(prepare=leave_staged, arguments=take_snapshot_arguments),
    "snapshot of a locked database": Job(prepare=take_first, arguments=take_snapshot_arguments, is_locked=True),
    "load": Job(prepare=leave_staged, arguments=lambda _site: ["load"]),
    "reconcile": Job(prepare=take_first, arguments=lambda _site: ["reconcile", "--since", "2026-11-01"]),
    "compact": Job(prepare=take_first, arguments=lambda _site: ["compact"]),
    "export to a file": Job(prepare=take_first, arguments=lambda site: ["export", str(site.copy)]),
    "export to a directory": Job(prepare=take_first, arguments=lambda site: ["export", str(site.parquet)]),
    "erase": Job(prepare=leave_staged, arguments=erase_arguments),
}


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
    name: str, serve_api: Callable[..., Any], tmp_path: Path, seed: int
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
