"""Parts of the job on their own: `parts.py list FILE` reads a list, `parts.py hold FOLDER` loads a run.

Prints the seconds it took: those of reading, or those for which the database file was open.
"""

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
    """Read a meeting list; the seconds of wall time."""
    from etl.meeting_list import read_meeting_list  # noqa: PLC0415 - the other part needs more, this one less

    started = time.perf_counter()
    read_meeting_list(path, default_app_id="app")
    return time.perf_counter() - started


def hold(folder: Path) -> float:
    """Load runs of a thousand live sessions each; the longest time for which the file was open, in seconds."""
    from etl.store.database import open_database  # noqa: PLC0415  # only when needed
    from etl.store.load import load_runs  # noqa: PLC0415  # only when needed

    longest = 0.0
    for number in range(RUNS):
        staged = stage(folder, number)
        started = time.perf_counter()
        with open_database(folder / "usage.duckdb") as connection:
            load_runs(connection, [staged])
        if number:  # the first makes the database as well
            longest = max(longest, time.perf_counter() - started)
    return longest


def stage(folder: Path, number: int) -> StagedRun:
    """Stage a run of an hour of its own."""
    from etl.jobs.prepare import uuid7  # noqa: PLC0415  # only when needed
    from etl.normalize.snapshots import normalize_snapshots  # noqa: PLC0415  # only when needed
    from etl.staging.runs import Staging  # noqa: PLC0415  # only when needed
    from etl.values.fetch import FetchCounts, FetchResult, Observation  # noqa: PLC0415  # only when needed
    from etl.values.meetings import Meeting, MeetingList  # noqa: PLC0415  # only when needed
    from etl.values.run import RunStart  # noqa: PLC0415  # only when needed

    slot = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    start = RunStart(
        run_id=str(uuid7(slot)), slot=slot, started_at=slot, account_id="account", tool_version="bench", host="bench"
    )
    asked = [Meeting("app", f"meeting-{index}") for index in range(SESSIONS)]
    session = {
        "live_participants": 3,
        "max_concurrent_participants": 5,
        "minutes_consumed": 12.5 + number,
        "started_at": "2026-01-01T00:00:00.000Z",
    }
    observations = [Observation(one, slot, session | {"id": f"session of {one.meeting_id}"}) for one in asked]
    fetched = FetchResult(observations=observations, failures=[], counts=FetchCounts(meetings=SESSIONS))
    batch = normalize_snapshots(start, MeetingList(meetings=asked), fetched, slot)
    staging = Staging(folder / "usage.duckdb")
    staging.directory.mkdir(parents=True, exist_ok=True)
    return staging.stage(batch.frames, start.run_id)


if __name__ == "__main__":
    parts = {"list": read_list, "hold": hold}
    print(parts[sys.argv[1]](Path(sys.argv[2])))
