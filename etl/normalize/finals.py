"""Final figures become one typed frame per table: ended sessions, and totals per day. Pure, without a clock and I/O."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.normalize.fields import FieldError, parse_day, parse_session
from etl.normalize.ledger import (
    INSTANT,
    common_run_fields,
    make_batch,
    malformed_failure,
    parse_observations,
    quote_value,
)
from etl.normalize.snapshots import SNAPSHOT_SCHEMA
from etl.values.meetings import ALL_MEETINGS, Meeting, is_readable_id
from etl.values.run import Run
from etl.values.session_status import is_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from etl.normalize.fields import Row
    from etl.values.fetch import Observation
    from etl.values.finals import DayTotals, Finals
    from etl.values.meetings import Failure
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

# The list ID of a reconciliation, which has no meeting list.
ENDED = "ended"


def normalize_finals(
    start: RunStart, finals: Finals, finished_at: datetime, *, mask: Callable[[str], str] = str
) -> Batch:
    """Make a run and its frames: final figures, totals per day, failures, and the entry in the ledger.

    A session that can't be parsed, is live or names no meeting becomes a failure `malformed`. So does a day that can't
    be parsed, was not asked for or has two different totals. `mask` removes the token from values that a message
    quotes.
    """
    rows, malformed = parse_observations(finals.sessions, partial(_final_row, start), FINAL_SCHEMA, mask)
    days, malformed_days = _parse_days(finals.days, start, mask)
    failures = [*finals.failures, *malformed, *malformed_days]
    run = Run(
        **common_run_fields(start, finals.counts, via="list"),
        kind="reconcile",
        list_id=ENDED,
        finished_at=finished_at,
        meetings=len(rows),
        live=0,
        idle=0,
        failed=len(failures),
        unlisted=None,
    )
    frames = {
        "session_finals": pl.DataFrame(rows, schema=FINAL_SCHEMA, orient="row"),
        "daily_totals": pl.DataFrame(days, schema=DAY_SCHEMA, orient="row"),
    }
    return make_batch(run, frames, failures)


def _final_row(start: RunStart, observation: Observation) -> Row:
    """Make the row of an ended session, whose meeting is the one that the payload names."""
    session = parse_session(observation.payload)
    if is_live(observation.payload):
        raise FieldError("status is LIVE")
    if not is_readable_id(session["associated_id"]):
        raise FieldError("associated_id is missing or not a valid meeting ID")
    return {
        "run_id": start.run_id,
        "fetched_at": observation.observed_at,
        "app_id": observation.meeting.app_id,
        "meeting_id": session["associated_id"],
        **session,
    }


def _parse_days(
    answers: Iterable[DayTotals], start: RunStart, mask: Callable[[str], str]
) -> tuple[list[tuple[object, ...]], list[Failure]]:
    """Return one row per day and app, and a failure for each entry that is not valid."""
    rows: list[tuple[object, ...]] = []
    failures: list[Failure] = []
    for answer in answers:
        days: dict[object, Row] = {}
        for entry in answer.entries:
            try:
                _add_day(days, parse_day(entry), answer)
            except FieldError as error:
                meeting = Meeting(answer.app_id, ALL_MEETINGS)
                message = f"the totals of a day: {error}: {quote_value(entry, mask)}"
                failures.append(malformed_failure(meeting, message, answer.attempts))
        rows += [(start.run_id, answer.fetched_at, answer.app_id, *day.values()) for day in days.values()]
    return rows, failures


def _add_day(days: dict[object, Row], day: Row, answer: DayTotals) -> None:
    """Add a day to the days of an answer. Raises FieldError if it was not asked for or contradicts an earlier entry."""
    if not answer.first.isoformat() <= str(day["day"]) <= answer.last.isoformat():
        raise FieldError(f"day is not within those asked for, {answer.first} to {answer.last}")
    if days.setdefault(day["day"], day) != day:
        raise FieldError("day has other totals in an earlier entry")
