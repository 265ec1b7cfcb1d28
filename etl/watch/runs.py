"""Findings about the runs: how old the last good ones are, what the period lacks, and what waits to be loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from etl.reports.age import format_age
from etl.reports.counts import format_count
from etl.reports.periods import format_duration, format_minute
from etl.watch.findings import Finding, Severity, judge, worst_severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from etl.reports.age import NewestSnapshot
    from etl.values.run import StagedRun
    from etl.watch.state import Coverage, History

_WARNING_STEPS, _CRITICAL_STEPS = 2, 6
_DAY = timedelta(days=1)
_WARNING_SHARE, _CRITICAL_SHARE = 0.01, 0.1
# A run that ended a moment ago may be staged: it waits for the database for half a minute.
_WARNING_BACKLOG, _CRITICAL_BACKLOG = timedelta(minutes=10), _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSlots:
    """The newest good runs among the staged ones: the slot of a snapshot, and the start of a reconciliation."""

    snapshot_slot: datetime | None = None
    reconciled_at: datetime | None = None


def find_snapshot_age(snapshots: Sequence[NewestSnapshot], staged: StagedSlots, now: datetime) -> list[Finding]:
    """Judge how old the last good snapshot of each app is, against the step of its schedule.

    A staged snapshot counts for all apps. Apps whose snapshots are as they should be share one finding.
    """
    if not snapshots and staged.snapshot_slot is None:
        return [
            Finding(
                severity=Severity.CRITICAL,
                subject="snapshots",
                message="no good snapshot in the last 7 days",
                advice="Look at the log of the scheduler, then run the line of your schedule by hand",
            )
        ]
    findings = [_find_age_of_app(one, staged, now) for one in snapshots if _judge_age(one, staged, now)]
    return findings or [_find_young(snapshots, staged, now)]


def find_reconcile_age(history: History | None, staged: StagedSlots, now: datetime) -> list[Finding]:
    """Judge how old the last good reconciliation is. It should run every night."""
    at = max(filter(None, (history.reconciled_at if history else None, staged.reconciled_at)), default=None)
    first_slot = history.first_slot if history else None
    since = at or first_slot
    if since is None:
        return []
    severity = judge((now - since) / _DAY, warning=_WARNING_STEPS, critical=_CRITICAL_STEPS)
    if at is None and severity == Severity.FINE:
        message = "no reconciliation yet, and the first snapshot is less than two days old"
    elif at is None:
        message = "no reconciliation yet: all minutes are lower bounds"
    else:
        message = f"the last good reconciliation was {format_age(now - at)} ago"
    advice = "Let the scheduler run rtk-usage reconcile every night" if severity != Severity.FINE else ""
    details = {"reconciled_at": at.isoformat() if at else None}
    return [Finding(severity=severity, subject="reconcile", message=message, advice=advice, details=details)]


def find_coverage(coverage: Coverage, since: datetime, tz: str) -> list[Finding]:
    """Judge how many slots and outcomes of the period are missing."""
    if not coverage.slots:
        return []
    outcomes = coverage.known_outcomes + coverage.unknown_outcomes
    shares = (coverage.missing_slots / coverage.slots, coverage.unknown_outcomes / max(outcomes, 1))
    severity = worst_severity(judge(share, warning=_WARNING_SHARE, critical=_CRITICAL_SHARE) for share in shares)
    loaded = coverage.slots - coverage.missing_slots
    message = (
        f"since {format_minute(since, tz)}, {loaded:,} of {format_count(coverage.slots, 'snapshot')} and "
        f"{coverage.known_outcomes:,} of {format_count(outcomes, 'outcome')} are there"
    )
    if coverage.unknown_outcomes and coverage.failures:
        most = coverage.failures[0]
        times = format_count(most.failures, "time")
        message += f"; the most frequent failure is {most.kind} ({times}, such as meeting {most.meeting_id})"
    details = {
        "slots": coverage.slots,
        "missing_slots": coverage.missing_slots,
        "outcomes": outcomes,
        "unknown_outcomes": coverage.unknown_outcomes,
        "failures": {one.kind: one.failures for one in coverage.failures},
    }
    advice = "" if severity == Severity.FINE else _advise_on_gaps(coverage)
    return [Finding(severity=severity, subject="completeness", message=message, advice=advice, details=details)]


def find_backlog(staged: Sequence[StagedRun], directory: Path, now: datetime) -> Finding:
    """Judge how many runs wait for the database, and for how long."""
    if not staged:
        return Finding(severity=Severity.FINE, subject="backlog", message="no staged runs", details={"runs": 0})
    age = max(now - started_at(run, now) for run in staged)
    severity = judge(age / timedelta(seconds=1), **_bounds(_WARNING_BACKLOG, _CRITICAL_BACKLOG))
    runs = format_count(len(staged), "run")
    return Finding(
        severity=severity,
        subject="backlog",
        message=f"{runs} in {directory} not loaded, the oldest {format_age(age)} old",
        advice=""
        if severity == Severity.FINE
        else "Close the program that holds the database, then run rtk-usage load, which names the reason if it fails",
        details={"runs": len(staged), "oldest_seconds": round(age.total_seconds())},
    )


def started_at(run: StagedRun, now: datetime) -> datetime:
    """Return when a staged run began: its ID tells it (UUIDv7). A directory with another name counts as new."""
    try:
        return datetime.fromtimestamp((UUID(run.run_id).int >> 80) / 1000, UTC)
    except (ValueError, OverflowError):
        return now


def next_slot(snapshots: Sequence[NewestSnapshot], now: datetime) -> datetime | None:
    """Return the next slot of the schedule, or None if its step is unknown."""
    slots = [
        one.slot + ((now - one.slot) // step + 1) * step
        for one in snapshots
        if one.step_seconds and (step := timedelta(seconds=one.step_seconds))
    ]
    return min(slots, default=None)


def _bounds(warning: timedelta, critical: timedelta) -> dict[str, float]:
    return {"warning": warning.total_seconds(), "critical": critical.total_seconds()}


def _slot(snapshot: NewestSnapshot, staged: StagedSlots) -> datetime:
    return max(filter(None, (snapshot.slot, staged.snapshot_slot)))


def _step(snapshot: NewestSnapshot) -> timedelta:
    """Return the step of the schedule. A schedule that is not known yet is taken for one per day."""
    return timedelta(seconds=snapshot.step_seconds) if snapshot.step_seconds else _DAY


def _judge_age(snapshot: NewestSnapshot, staged: StagedSlots, now: datetime) -> Severity | None:
    """Judge the age of the last good snapshot of an app, or return None if it is young."""
    steps = (now - _slot(snapshot, staged)) / _step(snapshot)
    severity = judge(steps, warning=_WARNING_STEPS, critical=_CRITICAL_STEPS)
    return None if severity == Severity.FINE else severity


def _find_age_of_app(snapshot: NewestSnapshot, staged: StagedSlots, now: datetime) -> Finding:
    slot = _slot(snapshot, staged)
    age, every = format_age(now - slot), format_duration(_step(snapshot).total_seconds())
    return Finding(
        severity=_judge_age(snapshot, staged, now) or Severity.FINE,
        subject="snapshots",
        message=f"the last good snapshot of app {snapshot.app_id} is {age} old, for a step of {every}",
        advice="Look at the log of the scheduler, then run the line of your schedule by hand. "
        "An app that is not recorded any more is left out 7 days after its last snapshot",
        details={"app_id": snapshot.app_id, "slot": slot.isoformat(), "step_seconds": snapshot.step_seconds},
    )


def _find_young(snapshots: Sequence[NewestSnapshot], staged: StagedSlots, now: datetime) -> Finding:
    slots = [_slot(one, staged) for one in snapshots] or [staged.snapshot_slot or now]
    steps = {format_duration(one.step_seconds) for one in snapshots if one.step_seconds}
    step = f", for a step of {' and '.join(sorted(steps))}" if steps else "; the step of the schedule is not known yet"
    message = f"the last good snapshot is {format_age(now - min(slots))} old{step}"
    details = {"slot": min(slots).isoformat(), "apps": [one.app_id for one in snapshots]}
    return Finding(severity=Severity.FINE, subject="snapshots", message=message, details=details)


def _advise_on_gaps(coverage: Coverage) -> str:
    if coverage.missing_slots:
        return "rtk-usage report coverage shows the missing snapshots; look at the log of the scheduler"
    return "rtk-usage query failing_meetings lists the meetings; docs/operating.md says what each kind of failure means"
