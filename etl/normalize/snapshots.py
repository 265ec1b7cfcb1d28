"""What a fetch brought becomes one typed frame a table: pure, without clock and without I/O.

The schemas are declared here; JSON travels as text, since polars has no such type and the database makes it so.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.errors import FailureKind
from etl.normalize.fields import FieldError, parse_session
from etl.values.fetch import Failure
from etl.values.run import Batch, Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from etl.normalize.fields import Row
    from etl.values.fetch import FetchResult, Observation
    from etl.values.meetings import Meeting, MeetingList
    from etl.values.run import RunStart

INSTANT = pl.Datetime("us", "UTC")

SNAPSHOT_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "slot": INSTANT,
    "observed_at": INSTANT,
    "app_id": pl.String,
    "meeting_id": pl.String,
    "session_id": pl.String,
    "associated_id": pl.String,
    "meeting_display_name": pl.String,
    "type": pl.String,
    "status": pl.String,
    "live_participants": pl.Int32,
    "max_concurrent_participants": pl.Int32,
    "minutes_consumed": pl.Float64,
    "organization_id": pl.String,
    "created_at": INSTANT,
    "started_at": INSTANT,
    "updated_at": INSTANT,
    "ended_at": INSTANT,
    "breakout_rooms": pl.String,
    "meta": pl.String,
    "extra": pl.String,
}
LIST_SCHEMA = {"list_id": pl.String, "app_id": pl.String, "meeting_id": pl.String}
FAILURE_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "slot": INSTANT,
    "app_id": pl.String,
    "meeting_id": pl.String,
    "kind": pl.String,
    "http_status": pl.Int32,
    "api_code": pl.Int64,
    "message": pl.String,
    "attempts": pl.Int32,
    "cf_ray": pl.String,
    "line": pl.Int64,
}
RUN_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "kind": pl.String,
    "slot": INSTANT,
    "via": pl.String,
    "account_id": pl.String,
    "list_id": pl.String,
    "started_at": INSTANT,
    "finished_at": INSTANT,
    "meetings": pl.Int64,
    "live": pl.Int64,
    "idle": pl.Int64,
    "failed": pl.Int64,
    "requests": pl.Int64,
    "retries": pl.Int64,
    "waited_seconds": pl.Float64,
    "unlisted": pl.Int64,
    "every_seconds": pl.Float64,
    "tool_version": pl.String,
    "host": pl.String,
}


# Before the app's ID it stands for a list, where a run asked for all live sessions of an app.
_ALL_OF = "all:"


def normalize_snapshots(start: RunStart, asked: MeetingList, fetched: FetchResult, finished_at: datetime) -> Batch:
    """A run and its frames, by table: the rows of the sessions seen, the failures, the list, the ledger's entry.

    A payload that can't be typed becomes a failure `malformed`; live, idle and failed add up to the meetings asked
    for and the list's invalid lines.
    """
    rows, malformed = parse_observations(fetched.observations, start)
    failures = [*fetched.failures, *malformed, *asked.invalid]
    run = _run(start, fetched, asked, live=len(rows), failed=len(failures), finished_at=finished_at)
    frames = {
        "runs": ledger_frame(run),
        "meeting_lists": _list_frame(asked.meetings, run.list_id),
        "session_snapshots": pl.DataFrame(rows, schema=SNAPSHOT_SCHEMA, orient="row"),
        "fetch_failures": failures_frame(failures, run),
    }
    return batch_of(run, frames, failures)


def batch_of(run: Run, frames: dict[str, pl.DataFrame], failures: Sequence[Failure]) -> Batch:
    """A run with its frames, and how often it failed in which way."""
    first = {failure.kind: failure for failure in reversed(failures)}
    counts = Counter(failure.kind for failure in failures)
    return Batch(run=run, frames=frames, failures=dict(counts.most_common()), first_failures=first)


def parse_observations(
    observations: Iterable[Observation], start: RunStart
) -> tuple[list[tuple[object, ...]], list[Failure]]:
    """The rows of what was seen, in the order of the columns, and a failure `malformed` for each that can't be typed.

    A row is a tuple as soon as it is typed: there may be tens of thousands, and a dictionary takes six times as much.
    """
    rows: list[tuple[object, ...]] = []
    malformed: list[Failure] = []
    constant: Row = {"run_id": start.run_id, "slot": start.slot}
    for observation in observations:
        try:
            session = parse_session(observation.payload)
        except FieldError as error:
            malformed.append(malformed_failure(observation, error))
        else:
            row = constant | {"observed_at": observation.observed_at} | observation.meeting._asdict() | session
            rows.append(tuple(row[column] for column in SNAPSHOT_SCHEMA))
    return rows, malformed


def list_id_of(meetings: Iterable[Meeting]) -> str:
    """The content hash of a list: the same meetings in another order are the same list.

    It is the sum of its meetings' hashes, so that a million of them need be neither sorted nor held a second time.
    """
    total = 0
    for app_id, meeting_id in meetings:
        total += int.from_bytes(hashlib.sha256(f"{app_id}\t{meeting_id}\n".encode()).digest(), "big")
    return f"{total % 2**256:064x}"[:32]


def _run(  # noqa: PLR0913  # the ledger's entry is made of what six steps found out
    start: RunStart, fetched: FetchResult, asked: MeetingList, *, live: int, failed: int, finished_at: datetime
) -> Run:
    counts = fetched.counts
    return Run(
        **asdict(start),
        kind="snapshot",
        via=fetched.via,
        list_id=f"{_ALL_OF}{asked.all_of}" if asked.all_of else list_id_of(asked.meetings),
        finished_at=finished_at,
        meetings=live + counts.idle + failed,
        live=live,
        idle=counts.idle,
        failed=failed,
        requests=counts.requests,
        retries=counts.retries,
        waited_seconds=counts.waited_seconds,
        unlisted=len(fetched.unlisted) if fetched.via == "list" else None,
    )


def failures_frame(failures: Sequence[Failure], run: Run) -> pl.DataFrame:
    """The failures without a dictionary each: where a limit forbids to ask, a whole list may fail."""
    columns = [column for column in FAILURE_SCHEMA if column not in {"run_id", "slot"}]
    schema = {column: FAILURE_SCHEMA[column] for column in columns}
    frame = pl.DataFrame(list(map(attrgetter(*columns), failures)), schema=schema, orient="row")
    constant = pl.lit(run.run_id).alias("run_id"), pl.lit(run.slot, dtype=INSTANT).alias("slot")
    return frame.select(*constant, *columns)


def ledger_frame(run: Run) -> pl.DataFrame:
    """The run's entry in the ledger."""
    entry = asdict(run)
    return pl.DataFrame([[entry[column] for column in RUN_SCHEMA]], schema=RUN_SCHEMA, orient="row")


def _list_frame(meetings: Sequence[Meeting], list_id: str) -> pl.DataFrame:
    """The list without a dictionary a meeting: it may hold a million, and mostly of one app."""
    apps = {app_id for app_id, _ in meetings}
    app_ids = pl.lit(apps.pop()) if len(apps) == 1 else pl.Series([app_id for app_id, _ in meetings], dtype=pl.String)
    ids = pl.DataFrame({"meeting_id": [meeting_id for _, meeting_id in meetings]}, schema={"meeting_id": pl.String})
    return ids.select(pl.lit(list_id).alias("list_id"), app_ids.alias("app_id"), "meeting_id")


def malformed_failure(observation: Observation, error: FieldError) -> Failure:
    """The failure of what was seen and can't be typed, quoting how it begins."""
    try:
        said = json.dumps(observation.payload)[:200]
    except RecursionError:
        said = "nested too deeply"
    return Failure(
        **observation.meeting._asdict(),
        kind=FailureKind.MALFORMED,
        message=f"{error}: {said}",
        http_status=200,
        attempts=observation.attempts,
    )
