"""Frames that every run has: its entry in the ledger, and its failures. Pure, without a clock and without I/O."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.errors import FailureKind
from etl.normalize.fields import FieldError
from etl.values.meetings import Failure
from etl.values.run import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from etl.normalize.fields import Row
    from etl.values.fetch import FetchCounts, Observation
    from etl.values.meetings import Meeting
    from etl.values.run import Run, RunStart

INSTANT = pl.Datetime("us", "UTC")
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
    "clock_note": pl.String,
}
_QUOTED_CHARACTERS = 200
_OK = 200
_KINDS_OF_WRONG_IDS = (FailureKind.INVALID_ID, FailureKind.NOT_FOUND)
_MOST_WRONG_IDS = 1000


def common_run_fields(start: RunStart, counts: FetchCounts, *, via: str) -> dict[str, Any]:
    """Return the fields of `Run` that do not depend on the kind of the run."""
    return asdict(start) | {
        "via": via,
        "requests": counts.requests,
        "retries": counts.retries,
        "waited_seconds": counts.waited_seconds,
    }


def make_batch(run: Run, frames: dict[str, pl.DataFrame], failures: Sequence[Failure]) -> Batch:
    """Join the frames of a run with its ledger entry and its failures. Count the failures by kind."""
    wrong_ids = (failure for failure in failures if failure.kind in _KINDS_OF_WRONG_IDS)
    return Batch(
        run=run,
        frames={"runs": _ledger_frame(run), **frames, "fetch_failures": _failures_frame(failures, run)},
        failures=dict(Counter(failure.kind for failure in failures).most_common()),
        first_failures={failure.kind: failure for failure in reversed(failures)},
        wrong_ids=list(islice(wrong_ids, _MOST_WRONG_IDS)),
    )


def parse_observations(
    observations: Iterable[Observation],
    parse: Callable[[Observation], Row],
    schema: dict[str, Any],
    mask: Callable[[str], str],
) -> tuple[list[tuple[object, ...]], list[Failure]]:
    """Return the rows of observations, in the order of the columns, and a failure for each that can't be parsed.

    A row becomes a tuple at once: there may be tens of thousands, and dictionaries take six times the memory.
    """
    rows: list[tuple[object, ...]] = []
    failures: list[Failure] = []
    for observation in observations:
        try:
            row = parse(observation)
        except FieldError as error:
            quote = quote_value(observation.payload, mask)
            failures.append(malformed_failure(observation.meeting, f"{error}: {quote}", observation.attempts))
        else:
            rows.append(tuple(row[column] for column in schema))
    return rows, failures


def malformed_failure(meeting: Meeting, message: str, attempts: int) -> Failure:
    """Return the failure for a value that can't be parsed."""
    return Failure(**meeting._asdict(), kind=FailureKind.MALFORMED, message=message, http_status=_OK, attempts=attempts)


def quote_value(value: object, mask: Callable[[str], str]) -> str:
    """Return the beginning of a value as JSON, without the token."""
    try:
        return mask(json.dumps(value))[:_QUOTED_CHARACTERS]
    except RecursionError:
        return "nested too deeply"


def _ledger_frame(run: Run) -> pl.DataFrame:
    entry = asdict(run)
    return pl.DataFrame([[entry[column] for column in RUN_SCHEMA]], schema=RUN_SCHEMA, orient="row")


def _failures_frame(failures: Sequence[Failure], run: Run) -> pl.DataFrame:
    """Make the frame without one dictionary per failure, because a whole list may fail."""
    columns = [column for column in FAILURE_SCHEMA if column not in {"run_id", "slot"}]
    schema = {column: FAILURE_SCHEMA[column] for column in columns}
    frame = pl.DataFrame(list(map(attrgetter(*columns), failures)), schema=schema, orient="row")
    constants = pl.lit(run.run_id).alias("run_id"), pl.lit(run.slot, dtype=INSTANT).alias("slot")
    return frame.select(*constants, *columns)
