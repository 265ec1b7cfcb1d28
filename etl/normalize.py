"""What a fetch brought becomes one typed frame a table: pure, without clock and without I/O.

The schemas are declared here; JSON travels as text, since polars has no such type and the database makes it so.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.errors import FailureKind
from etl.models import Batch, Failure, Run
from etl.payloads import UntypableError, type_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from etl.models import Fetched, Meeting, MeetingList, Observation, RunStart
    from etl.payloads import Row

_INSTANT = pl.Datetime("us", "UTC")

SNAPSHOT_SCHEMA = {
    "run_id": pl.String,
    "slot": _INSTANT,
    "observed_at": _INSTANT,
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
    "created_at": _INSTANT,
    "started_at": _INSTANT,
    "updated_at": _INSTANT,
    "ended_at": _INSTANT,
    "breakout_rooms": pl.String,
    "meta": pl.String,
    "extra": pl.String,
}
LIST_SCHEMA = {"list_id": pl.String, "app_id": pl.String, "meeting_id": pl.String}
FAILURE_SCHEMA = {
    "run_id": pl.String,
    "slot": _INSTANT,
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
RUN_SCHEMA = {
    "run_id": pl.String,
    "kind": pl.String,
    "slot": _INSTANT,
    "via": pl.String,
    "account_id": pl.String,
    "list_id": pl.String,
    "started_at": _INSTANT,
    "finished_at": _INSTANT,
    "meetings": pl.Int64,
    "live": pl.Int64,
    "idle": pl.Int64,
    "failed": pl.Int64,
    "requests": pl.Int64,
    "retries": pl.Int64,
    "waited_seconds": pl.Float64,
    "unlisted": pl.Int64,
    "tool_version": pl.String,
    "host": pl.String,
}


# Before the app's ID it stands for a list, where a run asked for all live sessions of an app.
_ALL_OF = "all:"


def normalize(start: RunStart, asked: MeetingList, fetched: Fetched, finished_at: datetime) -> Batch:
    """A run and its frames, by table: the rows of the sessions seen, the failures, the list, the ledger's entry.

    A payload that can't be typed becomes a failure `malformed`; live, idle and failed add up to the meetings asked
    for and the list's invalid lines.
    """
    rows, malformed = type_observations(fetched.observations)
    failures = [*fetched.failures, *malformed, *asked.invalid]
    run = _run(start, fetched, asked, live=len(rows), failed=len(failures), finished_at=finished_at)
    constant = {"run_id": run.run_id, "slot": run.slot}
    frames = {
        "runs": _frame([asdict(run)], RUN_SCHEMA),
        "meeting_lists": _list_frame(asked.meetings, run.list_id),
        "session_snapshots": _frame([constant | row for row in rows], SNAPSHOT_SCHEMA),
        "fetch_failures": _frame([constant | asdict(failure) for failure in failures], FAILURE_SCHEMA),
    }
    first = {failure.kind: failure for failure in reversed(failures)}
    counts = Counter(failure.kind for failure in failures)
    return Batch(run=run, frames=frames, failures=dict(counts.most_common()), first_failures=first)


def type_observations(observations: Iterable[Observation]) -> tuple[list[Row], list[Failure]]:
    """The rows of what was seen, and a failure `malformed` for each payload that can't be typed."""
    rows: list[Row] = []
    malformed: list[Failure] = []
    for observation in observations:
        try:
            row = type_session(observation.payload)
        except UntypableError as error:
            malformed.append(_malformed(observation, error))
        else:
            rows.append({"observed_at": observation.observed_at, **observation.meeting._asdict(), **row})
    return rows, malformed


def list_id_of(meetings: Iterable[Meeting]) -> str:
    """The content hash of a list: the same meetings in another order are the same list."""
    lines = sorted(f"{meeting.app_id}\t{meeting.meeting_id}\n" for meeting in meetings)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:32]


def _run(  # noqa: PLR0913  # the ledger's entry is made of what six steps found out
    start: RunStart, fetched: Fetched, asked: MeetingList, *, live: int, failed: int, finished_at: datetime
) -> Run:
    tally = fetched.tally
    return Run(
        **asdict(start),
        kind="snapshot",
        via=fetched.via,
        list_id=f"{_ALL_OF}{asked.all_of}" if asked.all_of else list_id_of(asked.meetings),
        finished_at=finished_at,
        meetings=live + tally.idle + failed,
        live=live,
        idle=tally.idle,
        failed=failed,
        requests=tally.requests,
        retries=tally.retries,
        waited_seconds=tally.waited_seconds,
        unlisted=len(fetched.unlisted) if fetched.via == "list" else None,
    )


def _frame(rows: Sequence[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    """Rows by column name as a frame of exactly that schema."""
    return pl.DataFrame([[row[column] for column in schema] for row in rows], schema=schema, orient="row")


def _list_frame(meetings: Sequence[Meeting], list_id: str) -> pl.DataFrame:
    """The list without a dictionary a meeting: it may hold a million."""
    columns = {"app_id": [meeting.app_id for meeting in meetings], "meeting_id": [m.meeting_id for m in meetings]}
    pairs = pl.DataFrame(columns, schema={name: LIST_SCHEMA[name] for name in columns})
    return pairs.select(pl.lit(list_id).alias("list_id"), *columns)


def _malformed(observation: Observation, error: UntypableError) -> Failure:
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
