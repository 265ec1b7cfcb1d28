"""Runs, payloads and locked files for tests."""

from __future__ import annotations

import itertools
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from etl.jobs.prepare import uuid7
from etl.normalize.snapshots import normalize_snapshots
from etl.staging.runs import Staging
from etl.store.database import open_database
from etl.values.fetch import FetchCounts, FetchResult, Observation
from etl.values.meetings import Meeting, MeetingList
from etl.values.run import RunStart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from etl.store.database import Connection
    from etl.values.meetings import Failure
    from etl.values.run import StagedRun

SLOT = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

_LATER = (timedelta(milliseconds=number) for number in itertools.count())  # each run starts after the one before

# Holds a database open until its standard input is closed, as an analyst's viewer does.
_HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("held", flush=True)
sys.stdin.read()
"""


def payload(session_id: str = "session-1", **changes: Any) -> dict[str, Any]:
    """Return a Session as the API sends it."""
    return {
        "id": session_id,
        "associated_id": "meeting-1",
        "meeting_display_name": "Weekly",
        "type": "meeting",
        "status": "LIVE",
        "live_participants": 1,
        "max_concurrent_participants": 2,
        "minutes_consumed": 2.3434,
        "organization_id": "app",
        "created_at": "2026-11-02T11:00:00.000Z",
        "started_at": "2026-11-02T11:00:00.000Z",
        "updated_at": "2026-11-02T11:59:00.000Z",
    } | changes


def stage_run(  # noqa: PLR0913  # what a run may have come to, each by its name
    folder: Path,
    *,
    live: Sequence[str] = ("meeting-1",),
    idle: Sequence[str] = ("meeting-2",),
    failures: Sequence[Failure] = (),
    slot: datetime = SLOT,
    all_of: str | None = None,
) -> StagedRun:
    """Stage a run of an app called app, in which those meetings were live, idle or failed.

    `all_of` names the app where it was all its live sessions that were asked for.
    """
    start = RunStart(
        run_id=str(uuid7(slot + next(_LATER))),
        slot=slot,
        started_at=slot,
        account_id="account",
        tool_version="0",
        host="here",
    )
    asked = [Meeting("app", meeting_id) for meeting_id in (*live, *idle, *(failure.meeting_id for failure in failures))]
    observations = [Observation(Meeting("app", meeting_id), slot, payload(f"of {meeting_id}")) for meeting_id in live]
    fetched = FetchResult(
        observations=observations, failures=list(failures), counts=FetchCounts(meetings=len(asked), idle=len(idle))
    )
    batch = normalize_snapshots(start, MeetingList(meetings=[] if all_of else asked, all_of=all_of), fetched, slot)
    staging = Staging(folder / "usage.duckdb")
    staging.directory.mkdir(exist_ok=True)
    return staging.stage(batch.frames, start.run_id)


@cache
def _empty_database() -> bytes:
    """Return the content of a new database."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "usage.duckdb"
        with open_database(path):
            pass
        return path.read_bytes()


def write_empty_database(path: Path) -> Path:
    """Write a copy of a new database, since making one takes longer than most tests. Return its path."""
    path.touch(mode=0o600)
    path.write_bytes(_empty_database())
    return path


@contextmanager
def open_copy(path: Path) -> Iterator[Connection]:
    """Open a copy of a new database, as a run opens it."""
    with open_database(write_empty_database(path)) as connection:
        yield connection


@contextmanager
def held_open(database: Path, mode: str = "read") -> Iterator[int]:
    """Another program that has the database open, to `read` or to `write`; yields its PID."""
    program = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(database), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        assert program.stdout.readline() == b"held\n"
        yield program.pid
    finally:
        program.stdin.close()
        program.wait()
        program.stdout.close()
