"""The state at a glance: last run, what is live now, today, the budget, the backlog, and the next slot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from etl.realtimekit.limit.rolling_window import request_log
from etl.reports.age import format_age
from etl.reports.counts import format_count
from etl.reports.periods import format_minute

if TYPE_CHECKING:
    from etl.settings import Limits
    from etl.values.fetch import Spending
    from etl.watch.state import DayUsage, LastRun, LiveNow

GLANCE_INDENT = 11
_UNKNOWN = "not known, because the database can't be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The requests that the limit allows per window, those of earlier runs in this window, and those that remain."""

    quota: int
    window_seconds: float
    reserved: int
    spent: int
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The state at a glance. Facts from the database are None if it can't be read."""

    now: datetime
    is_readable: bool
    staged_runs: int
    last_run: LastRun | None = None
    live: LiveNow | None = None
    today: DayUsage | None = None
    week_ago: DayUsage | None = None
    budget: Budget | None = None
    next_slot: datetime | None = None


def read_budget(limits: Limits, spent: list[Spending], now: datetime) -> Budget:
    """Return what earlier runs leave of the limit."""
    return Budget(
        quota=limits.rate.requests,
        window_seconds=limits.rate.seconds,
        reserved=limits.rate.requests - limits.usable,
        spent=sum(spending.requests for spending in spent),
        remaining=request_log(limits, spent).remaining(now.timestamp()),
    )


def glance_as_lines(glance: Glance, tz: str) -> list[str]:
    """Format one line per fact, with aligned names. Without the database, only the backlog is known."""
    backlog = {"backlog": format_count(glance.staged_runs, "staged run")}
    lines = {"state": _UNKNOWN} | backlog
    if glance.is_readable:
        lines = {
            "last run": _describe_run(glance, tz),
            "live now": _describe_live(glance, tz),
            "today": _describe_today(glance),
            "budget": _describe_budget(glance),
            **backlog,
            "next slot": _describe_next_slot(glance, tz),
        }
    return [f"{f'{name}:':<{GLANCE_INDENT}}{text}" for name, text in lines.items()]


def glance_as_record(glance: Glance) -> dict[str, object]:
    """Return the state as JSON can hold it: instants are ISO 8601 in UTC."""
    return {name: _json_value(value) for name, value in asdict(glance).items()}


def _describe_run(glance: Glance, tz: str) -> str:
    run = glance.last_run
    if run is None:
        return "none yet"
    age = format_age(glance.now - run.started_at)
    if run.kind == "reconcile":
        outcomes = f"{format_count(run.meetings, 'ended session')}, {run.failed:,} failed"
    else:
        outcomes = f"{run.live:,} live, {run.idle:,} idle, {run.failed:,} failed"
    return f"{run.kind} of {format_minute(run.slot, tz)} ({tz}), {age} ago: {outcomes}"


def _describe_live(glance: Glance, tz: str) -> str:
    live = glance.live
    if live is None:
        return _UNKNOWN
    if live.slot is None:
        return "nobody"
    others = f", and {format_count(live.other_sessions, 'session')} of other types" if live.other_sessions else ""
    people = format_count(live.participants, "participant")
    return f"{format_count(live.sessions, 'meeting')} with {people}{others}, as of {format_minute(live.slot, tz)}"


def _describe_today(glance: Glance) -> str:
    if glance.today is None or glance.week_ago is None:
        return _UNKNOWN
    today, before = glance.today, glance.week_ago
    change = f" ({today.minutes / before.minutes - 1:+.0%})" if before.minutes else ""
    week_ago = f"{before.minutes:,.0f} minutes, {format_count(before.sessions, 'session')}"
    started = f"{format_count(today.sessions, 'session')} started"
    return f"{today.minutes:,.0f} minutes booked, {started}; a week ago by this time: {week_ago}{change}"


def _describe_budget(glance: Glance) -> str:
    budget = glance.budget
    if budget is None:
        return _UNKNOWN
    return (
        f"{budget.remaining:,} of {budget.quota:,} requests in {budget.window_seconds:g} s remain; "
        f"{budget.reserved:,} are in reserve, and runs have spent {budget.spent:,}"
    )


def _describe_next_slot(glance: Glance, tz: str) -> str:
    if glance.next_slot is None:
        return "the step of the schedule is not known"
    return f"{format_minute(glance.next_slot, tz)}, in {format_age(glance.next_slot - glance.now)}"


def _json_value(value: object) -> object:
    if isinstance(value, dict):
        return {name: _json_value(inner) for name, inner in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
