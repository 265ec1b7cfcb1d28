"""What is learned after the fact becomes typed frames: ended sessions, and totals of days. Pure, without a clock."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.errors import FailureKind
from etl.normalize.fields import FieldError, parse_day, parse_session
from etl.normalize.snapshots import INSTANT, SNAPSHOT_SCHEMA, batch_of, failures_frame, ledger_frame, malformed_failure
from etl.values.fetch import Failure
from etl.values.meetings import ALL_MEETINGS, is_id
from etl.values.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from etl.normalize.fields import Row
    from etl.values.fetch import Observation
    from etl.values.finals import DayTotals, Finals
    from etl.values.run import Batch, RunStart

FINAL_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "fetched_at": INSTANT,
    **{column: kind for column, kind in SNAPSHOT_SCHEMA.items() if column not in {"run_id", "slot", "observed_at"}},
}
DAY_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "fetched_at": INSTANT,
    "app_id": pl.String,
    "day": pl.Date,
    "sessions": pl.Int64,
    "minutes": pl.Float64,
}

# In the place of a list's ID: what had ended. It is no snapshot's list, and no view takes it for one.
ENDED = "ended"
_QUOTED_CHARACTERS = 200


def normalize_finals(start: RunStart, finals: Finals, finished_at: datetime) -> Batch:
    """A run and its frames, by table: final figures, totals of days, the failures, the ledger's entry.

    What can't be typed becomes a failure `malformed`: a session that has not ended or names no meeting, a day that
    was not asked for or is told of in two ways.
    """
    rows, malformed = parse_finals(finals.sessions, start)
    days, odd_days = parse_days(finals.days, start)
    failures = [*finals.failures, *malformed, *odd_days]
    run = _run(start, finals, sessions=len(rows), failed=len(failures), finished_at=finished_at)
    frames = {
        "runs": ledger_frame(run),
        "session_finals": pl.DataFrame(rows, schema=FINAL_SCHEMA, orient="row"),
        "daily_totals": pl.DataFrame(days, schema=DAY_SCHEMA, orient="row"),
        "fetch_failures": failures_frame(failures, run),
    }
    return batch_of(run, frames, failures)


def parse_finals(
    observations: Iterable[Observation], start: RunStart
) -> tuple[list[tuple[object, ...]], list[Failure]]:
    """The rows of the sessions that have ended, in the order of the columns, and the failures of the others."""
    rows: list[tuple[object, ...]] = []
    malformed: list[Failure] = []
    for observation in observations:
        try:
            session = _ended(observation)
        except FieldError as error:
            malformed.append(malformed_failure(observation, error))
        else:
            row: Row = {"run_id": start.run_id, "fetched_at": observation.observed_at} | session
            rows.append(tuple(row[column] for column in FINAL_SCHEMA))
    return rows, malformed


def _ended(observation: Observation) -> Row:
    """The session as a row; its meeting is the one that the API says. Raises FieldError naming what is wrong."""
    row = parse_session(observation.payload)
    if row["status"] != "ENDED":
        raise FieldError("status is not ENDED")
    if not is_id(row["associated_id"]):
        raise FieldError("associated_id is missing or can be no meeting's ID")
    return row | {"app_id": observation.meeting.app_id, "meeting_id": row["associated_id"]}


def parse_days(answers: Iterable[DayTotals], start: RunStart) -> tuple[list[tuple[object, ...]], list[Failure]]:
    """The rows of the days asked for, one a day, and a failure for each entry that can't be one."""
    rows: list[tuple[object, ...]] = []
    malformed: list[Failure] = []
    for answer in answers:
        days: dict[object, Row] = {}
        for entry in answer.entries:
            try:
                _add_day(days, parse_day(entry), answer)
            except FieldError as error:
                malformed.append(_malformed_day(answer, entry, error))
        rows += [(start.run_id, answer.fetched_at, answer.app_id, *day.values()) for day in days.values()]
    return rows, malformed


def _add_day(days: dict[object, Row], day: Row, answer: DayTotals) -> None:
    """Add a day to those of an answer, once. Raises FieldError where it can't be one of them."""
    if not answer.first.isoformat() <= str(day["day"]) <= answer.last.isoformat():
        raise FieldError(f"day is not one of those asked for, {answer.first} to {answer.last}")
    if days.setdefault(day["day"], day) != day:
        raise FieldError("day is told of twice, with other totals")


def _malformed_day(answer: DayTotals, entry: object, error: FieldError) -> Failure:
    try:
        said = json.dumps(entry)[:_QUOTED_CHARACTERS]
    except RecursionError:
        said = "nested too deeply"
    return Failure(
        app_id=answer.app_id,
        meeting_id=ALL_MEETINGS,
        kind=FailureKind.MALFORMED,
        message=f"the totals of a day: {error}: {said}",
        http_status=200,
        attempts=answer.attempts,
    )


def _run(start: RunStart, finals: Finals, *, sessions: int, failed: int, finished_at: datetime) -> Run:
    counts = finals.counts
    return Run(
        **asdict(start),
        kind="reconcile",
        via="list",
        list_id=ENDED,
        finished_at=finished_at,
        meetings=sessions,
        live=0,
        idle=0,
        failed=failed,
        requests=counts.requests,
        retries=counts.retries,
        waited_seconds=counts.waited_seconds,
        unlisted=None,
    )
