"""What a run did, in a line for people or a JSON object for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from etl.cli.plan_text import format_reason, format_requests, plan_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from etl.values.fetch import Failure
    from etl.values.finals import ReconcileSummary
    from etl.values.run import Run, RunSummary, SnapshotSummary


def snapshot_line(summary: SnapshotSummary) -> str:
    """One line, short enough for a cron mail, that explains a failing night."""
    run = summary.run
    parts = [
        f"{instant(run.slot)} {run.meetings} meetings: {run.live} live, {run.idle} idle, {_failed(summary)}",
        f"{summary.repeats} repeated in the list" if summary.repeats else "",
        f"{summary.already_resolved} known in this slot already" if summary.already_resolved else "",
        f"{run.unlisted} more live outside the list" if run.unlisted else "",
        f"via {run.via}, {format_reason(summary.plan)}",
        _spent(run),
        _where(summary),
    ]
    return "; ".join(part for part in parts if part)


def reconcile_line(summary: ReconcileSummary) -> str:
    """As `snapshot_line`, for a run that asked for final figures."""
    run, apps, new = summary.run, summary.request.apps, summary.new_rows("session_finals")
    found = f"{_number(run.meetings, 'ended session')}" + (f" ({new:,} new or changed)" if new is not None else "")
    parts = [
        f"{instant(run.slot)} reconciled {f'app {apps[0]}' if len(apps) == 1 else f'{len(apps)} apps'}: {found}, "
        f"{_number(summary.days, 'day')} of totals" + (f", {_failed(summary)}" if run.failed else ""),
        _spent(run),
        _where(summary),
    ]
    return "; ".join(parts)


def reconcile_json(summary: ReconcileSummary) -> str:
    """As `snapshot_json`, with what was asked for, and how many rows were new or changed where that is known."""
    document = asdict(summary.run) | {
        "apps": list(summary.request.apps),
        "since": summary.request.since,
        "days": summary.days,
        "new_sessions": summary.new_rows("session_finals"),
        "new_days": summary.new_rows("daily_totals"),
    }
    return json.dumps(document | _outcome(summary), default=instant)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s'[: count != 1]}"


def _failed(summary: RunSummary) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in summary.batch.failures.items())
    return f"{summary.run.failed} failed" + (f" ({kinds})" if kinds else "")


def failure_lines(summary: RunSummary) -> Iterator[str]:
    """One line a kind of failure, quoting its first."""
    for kind, count in summary.batch.failures.items():
        first = summary.batch.first_failures[kind]
        yield f"{kind} ({count}): {first.meeting_id}: {first.message}"


def snapshot_json(summary: SnapshotSummary) -> str:
    """The summary as one JSON object: the columns of `runs`, and what became of the run."""
    document = asdict(summary.run) | {
        "plan": plan_document(summary.plan),
        "already_resolved": summary.already_resolved,
        "repeats": summary.repeats,
    }
    return json.dumps(document | _outcome(summary), default=instant)


def _outcome(summary: RunSummary) -> dict[str, object]:
    """What became of a run of any kind."""
    return {
        "failures": summary.batch.failures,
        "first_failures": {kind: _failure_json(failure) for kind, failure in summary.batch.first_failures.items()},
        "database": str(summary.database),
        "loaded": summary.loaded,
        "staged": summary.staged,
        "errors": [{"type": type(error).__name__, "message": str(error)} for error in summary.errors],
        "interrupted": summary.was_interrupted,
    }


def _failure_json(failure: Failure) -> dict[str, object]:
    """A failure as JSON: what it knows, without what it doesn't."""
    return {name: value for name, value in asdict(failure).items() if value is not None}


def instant(value: datetime) -> str:
    """An instant in ISO 8601, UTC, as short as it can be."""
    return value.isoformat(timespec="auto").replace("+00:00", "Z")


def _spent(run: Run) -> str:
    seconds = (run.finished_at - run.started_at).total_seconds()
    held = f", {run.waited_seconds:.0f} s of them held by the limit" if run.waited_seconds else ""
    return f"{format_requests(run.requests)}, {run.retries} retries in {seconds:.1f} s{held}"


def _where(summary: RunSummary) -> str:
    if summary.run.run_id in summary.loaded:
        return f"in {summary.database}"
    if summary.run.run_id in summary.staged:
        return "staged, not yet in the database"
    return "nothing to store"
