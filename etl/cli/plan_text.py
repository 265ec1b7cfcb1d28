"""Text about a plan: its lines, the reason for its way, the warning that time is too short, and its JSON document."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

from etl.reports.counts import format_count
from etl.reports.periods import format_duration
from etl.values.fetch import ViaReason

if TYPE_CHECKING:
    from etl.values.fetch import Plan

_REASONS = {
    ViaReason.ALL_MEETINGS: "the only way to fetch all live sessions",
    ViaReason.NOTHING_TO_FETCH: "this slot already has every outcome",
    ViaReason.REQUESTED: "as --via says",
    ViaReason.ONE_MEETING_PER_APP: "one list per app would cost as many requests",
}
# The reasons that depend on the way.
_REASONS_BY_WAY = {
    (ViaReason.FEWER_REQUESTS, "list"): "one request per meeting would cost {other}",
    (ViaReason.FEWER_REQUESTS, "meetings"): "the list would cost {other}",
    (ViaReason.LIVE_SESSIONS_UNKNOWN, "list"): (
        "the number of live sessions is not known, and one request per meeting would cost more than a tenth of the "
        "{usable} per window"
    ),
    (ViaReason.LIVE_SESSIONS_UNKNOWN, "meetings"): (
        "the number of live sessions is not known, and one request per meeting costs at most a tenth of the {usable} "
        "per window"
    ),
    (ViaReason.ONLY_WAY_IN_TIME, "list"): "one request per meeting would not end in time",
    (ViaReason.ONLY_WAY_IN_TIME, "meetings"): "reading the list would not end in time",
}
_LABEL_WIDTH = len("plan:  ")
_TIME_LEFT = {"deadline": "--deadline is {}", "every": "the next slot begins in {}"}


def format_plan(plan: Plan, *, width: int | None = None) -> str:
    """Format a plan as three lines: what it fetches, what that costs, and what the limit leaves.

    With a `width`, they are wrapped between words, and indented below their first words.
    """
    meetings = "all live sessions" if plan.meetings is None else format_count(plan.meetings, "meeting")
    seconds = "less than a second" if plan.seconds < 1 else f"at least {format_duration(plan.seconds)}"
    rest = f"{plan.remaining - plan.requests:,}" if plan.requests <= plan.remaining else "none"
    spent = _format_spent(plan)
    most = "" if plan.is_spending_known else "at most "
    remaining = "1 remains" if plan.remaining == 1 else f"{plan.remaining:,} remain"
    lines = [
        f"plan:  {meetings} via {plan.via}, {format_reason(plan)}",
        f"cost:  {_format_cost(plan)}; {'it takes' if plan.requests == 1 else 'they take'} {seconds} within the limit",
        (
            f"limit: {format_requests(plan.quota)} in {plan.window_seconds:g} s, less {plan.reserved:,} in reserve and "
            f"{spent}; {most}{remaining} now, {rest} after this run"
        ),
    ]
    return "\n".join(_wrap(line, width) if width else line for line in lines)


def _wrap(line: str, width: int) -> str:
    """Wrap a line between words, also where a word is wider than the terminal."""
    return textwrap.fill(line, width, subsequent_indent=" " * _LABEL_WIDTH, break_long_words=False)


def _format_spent(plan: Plan) -> str:
    """Return what earlier runs spent. Without the database, only the requests of staged runs are known."""
    if plan.is_spending_known:
        return f"{plan.spent:,} spent by earlier runs"
    staged = f" beside the {plan.spent:,} of staged runs" if plan.spent else ""
    return f"what earlier runs spent, which is not known{staged}"


def _format_cost(plan: Plan) -> str:
    requests = format_requests(plan.requests)
    if plan.most_requests is None:
        return f"at least {requests}"
    if plan.via == "meetings":
        return requests
    if plan.most_requests != plan.requests:
        requests = f"{requests} expected, {plan.most_requests:,}"
    return f"{requests} if all of these and no other meetings are live"


def format_reason(plan: Plan) -> str:
    """Format the reason for the way of a plan as one clause."""
    reason = _REASONS.get(plan.reason) or _REASONS_BY_WAY[plan.reason, plan.via]
    return reason.format(other=format_requests(plan.other_requests or 0), usable=format_requests(plan.usable))


def format_warning(plan: Plan) -> str | None:
    """Format why a run can't end in time, and what would help; None if it can end in time."""
    if not plan.shortages:
        return None
    take = "takes" if plan.requests == 1 else "take"
    time_left = " and ".join(
        _TIME_LEFT[shortage.option].format(format_duration(shortage.seconds_left)) for shortage in plan.shortages
    )
    return (
        f"the run can't end in time: {format_requests(plan.requests)} {take} at least {format_duration(plan.seconds)}, "
        f"but {time_left}. The limit allows {format_requests(plan.usable)} in {plan.window_seconds:g} s "
        f"({plan.quota:,} less {plan.reserved:,} in reserve), and earlier runs spent "
        f"{'at least ' if not plan.is_spending_known else ''}{plan.spent:,}. "
        f"{_format_advice(plan)}"
    )


def _format_advice(plan: Plan) -> str:
    if plan.is_other_in_time:
        via = "meetings" if plan.via == "list" else "list"
        return f"With --via {via} the same meetings take {format_requests(plan.other_requests or 0)}"
    values = [
        f"--{shortage.option} {format_duration(shortage.sufficient_seconds)}"
        for shortage in plan.shortages
        if shortage.sufficient_seconds is not None
    ]
    if not values:
        return "No option makes it fit: shorten the meeting list"
    return f"It fits with {' and '.join(values)}"


def plan_document(plan: Plan) -> dict[str, object]:
    """Return a plan as a JSON document: its values, and the reason and the warning as text."""
    return asdict(plan) | {"why": format_reason(plan), "warning": format_warning(plan)}


def format_requests(requests: int) -> str:
    """Format a number of requests."""
    return format_count(requests, "request")
