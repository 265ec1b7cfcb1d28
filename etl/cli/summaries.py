"""What a run did, in a line for people or a JSON object for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from etl.models import Failure, RunSummary


def as_line(summary: RunSummary) -> str:
    """One line, short enough for a cron mail, that explains a failing night."""
    run = summary.run
    kinds = ", ".join(f"{kind} {count}" for kind, count in summary.batch.failures.items())
    seconds = (run.finished_at - run.started_at).total_seconds()
    parts = [
        f"{instant(run.slot)} {run.meetings} meetings: {run.live} live, {run.idle} idle, {run.failed} failed"
        + (f" ({kinds})" if kinds else ""),
        f"{run.requests} requests, {run.retries} retries in {seconds:.1f} s"
        + (f", {run.waited_seconds:.0f} s of them held by the limit" if run.waited_seconds else ""),
        _where(summary),
    ]
    if summary.already_resolved:
        parts.insert(1, f"{summary.already_resolved} known in this slot already")
    if summary.repeats:
        parts.insert(1, f"{summary.repeats} repeated in the list")
    return "; ".join(parts)


def warnings(summary: RunSummary) -> Iterator[str]:
    """One line a kind of failure, quoting its first."""
    for kind, count in summary.batch.failures.items():
        first = summary.batch.first_failures[kind]
        yield f"{kind} ({count}): {first.meeting_id}: {first.message}"


def as_json(summary: RunSummary) -> str:
    """The summary as one JSON object: the columns of `runs`, and what became of the run."""
    document = asdict(summary.run) | {
        "already_resolved": summary.already_resolved,
        "repeats": summary.repeats,
        "failures": summary.batch.failures,
        "first_failures": {kind: _told(failure) for kind, failure in summary.batch.first_failures.items()},
        "database": str(summary.database),
        "loaded": summary.loaded,
        "staged": summary.staged,
        "errors": [{"type": type(error).__name__, "message": str(error)} for error in summary.errors],
        "interrupted": summary.was_interrupted,
    }
    return json.dumps(document, default=instant)


def _told(failure: Failure) -> dict[str, object]:
    """A failure as JSON: what it knows, without what it doesn't."""
    return {name: value for name, value in asdict(failure).items() if value is not None}


def instant(value: datetime) -> str:
    """An instant in ISO 8601, UTC, as short as it can be."""
    return value.isoformat(timespec="auto").replace("+00:00", "Z")


def _where(summary: RunSummary) -> str:
    if summary.run.run_id in summary.loaded:
        return f"in {summary.database}"
    if summary.run.run_id in summary.staged:
        return "staged, not yet in the database"
    return "nothing to store"
