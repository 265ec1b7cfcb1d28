"""Summaries of runs: one line for people, or one JSON object for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from etl.cli.plan_text import format_requests, plan_document
from etl.errors import FailureKind
from etl.reports.counts import format_count
from etl.values.fetch import ViaReason
from etl.watch.news import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from etl.values.finals import ReconcileSummary
    from etl.values.meetings import Failure
    from etl.values.run import Run, RunSummary, SnapshotSummary

_UNREACHABLE_ADVICE = "look at the base URL and at the network, then run again"


def snapshot_line(summary: SnapshotSummary) -> str:
    """Format a snapshot as one line, short enough for the mail of cron."""
    run = summary.run
    meetings = format_count(run.meetings, "meeting")
    is_complete = summary.plan.reason == ViaReason.NOTHING_TO_FETCH
    parts = [
        f"{format_instant(run.slot)} {meetings}: {run.live} live, {run.idle} idle, {_failed(summary)}",
        f"{summary.repeats} repeated in the list" if summary.repeats else "",
        f"{summary.already_resolved} already known in this slot" if summary.already_resolved else "",
        f"{run.unlisted} more live outside the list" if run.unlisted else "",
        "this slot already has every outcome" if is_complete else f"via {run.via}",
        _spent(run),
        _where(summary),
    ]
    return "; ".join(part for part in parts if part)


def reconcile_line(summary: ReconcileSummary) -> str:
    """Format a reconciliation as one line."""
    run, apps, new = summary.run, summary.request.apps, summary.new_rows("session_finals")
    subject = f"app {apps[0]}" if len(apps) == 1 else f"{format_count(len(apps), 'app')}"
    sessions = format_count(run.meetings, "ended session") + (f" ({new:,} new or changed)" if new is not None else "")
    parts = [
        f"{format_instant(run.slot)} reconciled {subject}: {sessions}, "
        f"{format_count(summary.days, 'day')} of totals" + (f", {_failed(summary)}" if run.failed else ""),
        _spent(run),
        _where(summary),
    ]
    return "; ".join(parts)


def reconcile_json(summary: ReconcileSummary) -> str:
    """Format a reconciliation as JSON: the columns of `runs`, the request, and the numbers of new or changed rows."""
    document = asdict(summary.run) | {
        "apps": list(summary.request.apps),
        "since": summary.request.since,
        "days": summary.days,
        "new_sessions": summary.new_rows("session_finals"),
        "new_days": summary.new_rows("daily_totals"),
    }
    return json.dumps(document | _outcome(summary), default=format_instant)


def _failed(summary: RunSummary) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in summary.batch.failures.items())
    return f"{summary.run.failed} failed" + (f" ({kinds})" if kinds else "")


def failure_lines(summary: RunSummary) -> Iterator[tuple[str, list[Problem]]]:
    """Format one line per kind of failure, with the first failure as an example, and the problems that it stands for.

    Without an error that says so, the line says what to do about an API that can't be reached.
    """
    for kind, count in summary.batch.failures.items():
        first = summary.batch.first_failures[kind]
        advice = f"; {_UNREACHABLE_ADVICE}" if kind == FailureKind.CONNECTION and not summary.errors else ""
        line = f"{kind} ({count}): {first.meeting_id}: {first.message}{advice}"
        yield line, _problems_of(kind, count, line, summary.batch.wrong_ids)


def _problems_of(kind: FailureKind, count: int, line: str, wrong_ids: Sequence[Failure]) -> list[Problem]:
    """Return one problem per wrong ID, which stays until the list is corrected; one for all failures of other kinds.

    Those hit one meeting in this run, and another one in the next.
    """
    wrong = [failure for failure in wrong_ids if failure.kind == kind]
    problems = [
        Problem(
            key=f"{kind} {failure.app_id} {failure.meeting_id}",
            line=f"{kind} (1): {failure.meeting_id}: {failure.message}",
            group=kind,
        )
        for failure in wrong
    ]
    return problems + ([Problem(key=kind, line=line, count=count)] if count > len(wrong) else [])


def list_warning(summary: SnapshotSummary) -> str | None:
    """Return a warning if a list looks like that of another app: none of its meetings is live, but others are.

    Only a run by list sees other meetings. Nothing is said if a listed meeting may be live: if one failed, or has its
    outcome from an earlier run of the slot.
    """
    run = summary.run
    is_sure = summary.batch.failures.keys() <= {FailureKind.INVALID_ID} and not summary.already_resolved
    if not (run.idle and run.unlisted and is_sure) or run.live:
        return None
    meetings = format_count(run.idle, "meeting")
    return (
        f"of the {meetings} in the list, not one is live, but {run.unlisted:,} outside the list "
        f"{'is' if run.unlisted == 1 else 'are'}. Look at the IDs of the list and at the ID of the app; "
        "`rtk-usage meetings` prints the meetings of the app"
    )


def snapshot_advice(summary: SnapshotSummary) -> str | None:
    """Return how to fetch what an interrupted snapshot has left, if it has left anything."""
    left = summary.batch.failures.get(FailureKind.INTERRUPTED, 0)
    if not left:
        return None
    run = summary.run
    instead = " instead of --every" if run.every_seconds else ""
    what = f"{left:,} of {format_count(run.meetings, 'meeting')} {'has' if left == 1 else 'have'} no outcome"
    if summary.plan.meetings is None:  # a list that was not read to its end is one failure
        what = "the list of live sessions was not read to its end"
    return (
        f"interrupted: {what}. "
        f"To fetch the rest of this slot, run the same command with --slot {format_instant(run.slot)}{instead}"
    )


def reconcile_advice(summary: ReconcileSummary) -> str | None:
    """Return how to fetch what an interrupted reconciliation has left, if it has left anything."""
    if FailureKind.INTERRUPTED not in summary.batch.failures:
        return None
    return (
        "interrupted: some final figures were not fetched. "
        "To fetch the rest, run the same command again; it stores only what is new"
    )


def snapshot_json(summary: SnapshotSummary) -> str:
    """Format a snapshot as JSON: the columns of `runs`, the plan, failures and errors."""
    document = asdict(summary.run) | {
        "plan": plan_document(summary.plan),
        "already_resolved": summary.already_resolved,
        "repeats": summary.repeats,
    }
    return json.dumps(document | _outcome(summary), default=format_instant)


def _outcome(summary: RunSummary) -> dict[str, object]:
    """Return the part of a summary that both kinds of runs have."""
    return {
        "failures": summary.batch.failures,
        "first_failures": {kind: _failure_json(failure) for kind, failure in summary.batch.first_failures.items()},
        "database": str(summary.database),
        "new_database": summary.load_result.is_new_database,
        "loaded": summary.load_result.loaded,
        "staged": summary.load_result.staged,
        "errors": [{"type": type(error).__name__, "message": str(error)} for error in summary.errors],
        "interrupted": summary.was_interrupted,
    }


def _failure_json(failure: Failure) -> dict[str, object]:
    """Return a failure without its empty fields."""
    return {name: value for name, value in asdict(failure).items() if value is not None}


def format_instant(value: datetime) -> str:
    """Format an instant in ISO 8601 and UTC, as short as possible."""
    return value.isoformat(timespec="auto").replace("+00:00", "Z")


def _spent(run: Run) -> str:
    seconds = (run.finished_at - run.started_at).total_seconds()
    waited = f", {run.waited_seconds:.0f} s of them waiting for the limit" if run.waited_seconds else ""
    retries = f", {format_count(run.retries, 'retry', 'retries')}" if run.retries else ""
    return f"{format_requests(run.requests)}{retries} in {seconds:.1f} s{waited}"


def _where(summary: RunSummary) -> str:
    is_new = summary.load_result.is_new_database
    if summary.run.run_id in summary.load_result.loaded:
        return f"in the new database {summary.database.absolute()}" if is_new else f"in {summary.database}"
    if summary.run.run_id in summary.load_result.staged:
        return "staged, not yet in the database"
    return "nothing to store"
