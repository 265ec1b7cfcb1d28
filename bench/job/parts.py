"""Parts of the job as processes of their own: `parts.py list FILE` reads a list, `parts.py load FOLDER` loads runs.

Prints the seconds: those of reading the list, or the longest time for which the database file was open.
"""
# ruff: noqa: PLC0415 - each part imports only what it measures

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.values.run import StagedRun

SESSIONS = 1_000
RUNS = 5


def read_list(path: Path) -> float:
    """Read a meeting list; return the seconds of wall time."""
    from etl.meeting_list import read_meeting_list

    started = time.perf_counter()
    read_meeting_list(path, default_app_id="app")
    return time.perf_counter() - started


def load(folder: Path) -> float:
    """Load runs of a thousand live sessions each; return the longest time for which the database was open."""
    from etl.store.database import open_database
    from etl.store.load import load_runs

    longest = 0.0
    for number in range(RUNS):
        staged = stage(folder, number)
        started = time.perf_counter()
        with open_database(folder / "usage.duckdb") as connection:
            load_runs(connection, [staged])
        if number:  # the first run also creates the tables
            longest = max(longest, time.perf_counter() - started)
    return longest


def stage(folder: Path, number: int) -> StagedRun:
    """Stage the run of one hour."""
    from etl.jobs.prepare import uuid7
    from etl.normalize.snapshots import normalize_snapshots
    from etl.staging.runs import Staging
    from etl.values.fetch import FetchCounts, FetchResult, Observation
    from etl.values.meetings import Meeting, MeetingList
    from etl.values.run import RunStart

    slot = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    start = RunStart(
        run_id=str(uuid7(slot)), slot=slot, started_at=slot, account_id="account", tool_version="bench", host="bench"
    )
    meetings = [Meeting("app", f"meeting-{index}") for index in range(SESSIONS)]
    session = {
        "live_participants": 3,
        "max_concurrent_participants": 5,
        "minutes_consumed": 12.5 + number,
        "started_at": "2026-01-01T00:00:00.000Z",
    }
    observations = [
        Observation(meeting, slot, session | {"id": f"session of {meeting.meeting_id}"}) for meeting in meetings
    ]
    fetched = FetchResult(observations=observations, failures=[], counts=FetchCounts(meetings=SESSIONS))
    batch = normalize_snapshots(start, MeetingList(meetings=meetings), fetched, slot)
    staging = Staging(folder / "usage.duckdb")
    staging.directory.mkdir(parents=True, exist_ok=True)
    return staging.stage(batch.frames, start.run_id)


if __name__ == "__main__":
    parts = {"list": read_list, "load": load}
    print(parts[sys.argv[1]](Path(sys.argv[2])))
