"""Findings about the API: the token, the apps, the meetings of the list, and how fresh the list of live sessions is."""

from __future__ import annotations

import asyncio
import difflib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from etl.errors import EtlError, FailureKind, RequestError
from etl.realtimekit.http.responses import REFUSED
from etl.realtimekit.inspection import inspect_account
from etl.reports.age import format_age
from etl.reports.counts import format_count
from etl.reports.formats import printable
from etl.reports.periods import format_minute
from etl.watch.findings import Finding, Severity, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from etl.realtimekit.http.responses import TokenCheck
    from etl.realtimekit.inspection import Comparison, Inspection
    from etl.realtimekit.meetings import ListedMeeting
    from etl.settings import ApiSettings
    from etl.values.fetch import Spending
    from etl.values.meetings import Meeting, MeetingList
    from etl.values.run import RunContext

_ACTIVE = "active"
_WARNING_DAYS, _CRITICAL_DAYS = 14, 3
_DAY = timedelta(days=1)
_MOST_DIFFERENT = 0.1
_SHOWN, _LISTED = 5, 100
_NEAR = 0.6  # as difflib has it
_TOKENS = "https://dash.cloudflare.com/profile/api-tokens"
_REFUSALS = {FailureKind.UNAUTHORIZED, FailureKind.FORBIDDEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The apps and the meetings that the settings and the list name. Without a list, `meetings` is empty."""

    app_ids: Sequence[str]
    meetings: Sequence[Meeting]


def ask_online(  # noqa: PLR0913  # the last three by their names
    api: ApiSettings, context: RunContext, expected: Expected, *, sample: int, spent: Sequence[Spending], tz: str
) -> list[Finding]:
    """Ask the API about everything that is expected, and judge its answers."""
    inspecting = inspect_account(
        api, context, app_ids=expected.app_ids, meetings=expected.meetings, sample=sample, spent=spent
    )
    try:
        inspection = asyncio.run(inspecting)
    except EtlError as error:
        return [Finding(severity=Severity.CRITICAL, subject="network", message=str(error))]
    return list(find_online(inspection, expected, now=context.now(), tz=tz))


def expect(app_id: str | None, listed: MeetingList | EtlError) -> Expected:
    """Return the app of the settings, and the meetings of the list with their apps."""
    meetings = [] if isinstance(listed, EtlError) else listed.meetings
    app_ids = dict.fromkeys([*([app_id] if app_id else []), *(meeting.app_id for meeting in meetings)])
    return Expected(app_ids=list(app_ids), meetings=meetings)


def find_online(inspection: Inspection, expected: Expected, *, now: datetime, tz: str) -> Iterator[Finding]:
    """Judge the results of an inspection. A step without a result is a warning, unless an earlier one explains it."""
    yield _find_token(inspection.token, now, tz)
    if inspection.apps is None:
        return
    yield _find_permission(inspection.apps)
    if isinstance(inspection.apps, RequestError):
        return
    for app_id in expected.app_ids:
        yield _find_app(app_id, inspection.apps)
    for app_id, meetings in inspection.meetings.items():
        listed = [meeting.meeting_id for meeting in expected.meetings if meeting.app_id == app_id]
        yield _find_meetings(app_id, listed, meetings)
    if inspection.meetings:
        yield _find_freshness(inspection)


def _find_token(token: TokenCheck | RequestError | None, now: datetime, tz: str) -> Finding:
    if token is None or isinstance(token, RequestError):
        return _not_answered("token", token)
    if token.status != _ACTIVE:
        is_refused = token.status == REFUSED
        message = f"Cloudflare refuses the API token ({token.reason})" if is_refused else f"the token is {token.status}"
        advice = f"Create or correct it at {_TOKENS}"
        return Finding(severity=Severity.CRITICAL, subject="token", message=message, advice=advice)
    if token.expires_at is None:
        return Finding(severity=Severity.FINE, subject="token", message="it is accepted, and has no end")
    left = token.expires_at - now
    severity = judge(-left / _DAY, warning=-_WARNING_DAYS, critical=-_CRITICAL_DAYS)
    return Finding(
        severity=severity,
        subject="token",
        message=f"it is accepted, and ends at {format_minute(token.expires_at, tz)} ({tz}), in {format_age(left)}",
        advice="" if severity == Severity.FINE else f"Create another one at {_TOKENS}, and replace it before that",
        details={"expires_at": token.expires_at.isoformat()},
    )


def _find_permission(apps: Mapping[str, str] | RequestError) -> Finding:
    """The token itself does not say what it permits. That it lists the apps shows the permission."""
    if not isinstance(apps, RequestError):
        return Finding(severity=Severity.FINE, subject="permission", message="the token may read the apps")
    if apps.kind is FailureKind.NOT_FOUND:
        advice = "Look at the account ID and the base URL"
        return Finding(severity=Severity.CRITICAL, subject="permission", message=apps.message, advice=advice)
    if apps.kind not in _REFUSALS:
        return _not_answered("permission", apps)
    return Finding(
        severity=Severity.CRITICAL,
        subject="permission",
        message=f"the token may not read the apps of the account ({apps.message})",
        advice=f"It needs the permission Realtime or Realtime Admin for this account; correct it at {_TOKENS}",
    )


def _find_app(app_id: str, apps: Mapping[str, str]) -> Finding:
    if app_id in apps:
        name = f" ({printable(apps[app_id])})" if apps[app_id] else ""
        return Finding(severity=Severity.FINE, subject="app", message=f"{app_id}{name} is in the account")
    near = _nearest(app_id, apps)
    rest = f"the nearest is {near}" if near else f"the account has {format_count(len(apps), 'app')}"
    return Finding(
        severity=Severity.CRITICAL,
        subject="app",
        message=f"{app_id} is not in the account; {rest}",
        advice="Correct REALTIMEKIT_APP_ID, or the app in the meeting list",
        details={"apps": dict(list(apps.items())[:_LISTED])},
    )


def _find_meetings(app_id: str, listed: Sequence[str], meetings: Sequence[ListedMeeting] | RequestError) -> Finding:
    """Judge whether the app knows every meeting of the list."""
    if isinstance(meetings, RequestError):
        return _not_answered("meetings", meetings)
    titles = {meeting.meeting_id: meeting.title for meeting in meetings}
    unknown = [meeting_id for meeting_id in listed if meeting_id not in titles]
    details = {"app_id": app_id, "listed": len(listed), "in_app": len(titles), "unknown": unknown[:_LISTED]}
    if not unknown:
        message = f"app {app_id} has {format_count(len(titles), 'meeting')}"
        message += f", and all {len(listed):,} of the list are among them" if listed else ""
        return Finding(severity=Severity.FINE, subject="meetings", message=message, details=details)
    named = [_describe_unknown(meeting_id, titles) for meeting_id in unknown[:_SHOWN]]
    more = ["..."] if len(unknown) > _SHOWN else []
    return Finding(
        severity=Severity.WARNING,
        subject="meetings",
        message=f"{len(unknown):,} of {len(listed):,} {'is' if len(unknown) == 1 else 'are'} not in app {app_id}: "
        f"{', '.join([*named, *more])}",
        advice="Correct these IDs, or write the list again with rtk-usage meetings",
        details=details,
    )


def _describe_unknown(meeting_id: str, titles: Mapping[str, str]) -> str:
    near = _nearest(meeting_id, titles)
    return f"{meeting_id} (nearest: {near})" if near else meeting_id


def _nearest(text: str, names: Mapping[str, str]) -> str:
    """Return the ID that is most like a text, with its name or title, or an empty text if none is like it."""
    found = difflib.get_close_matches(text, names, n=1, cutoff=_NEAR)
    if not found:
        return ""
    name = printable(names[found[0]])
    return f"{found[0]}, {name}" if name else found[0]


def _find_freshness(inspection: Inspection) -> Finding:
    """Judge how many meetings of the sample are in the list of live sessions as they are by themselves."""
    comparisons = inspection.comparisons
    if comparisons is None or isinstance(comparisons, RequestError):
        return _not_answered("live list", comparisons)
    if not (comparisons or inspection.failed):
        return Finding(severity=Severity.FINE, subject="live list", message="no meeting was compared")
    different = [one for one in comparisons if one.listed != one.asked]
    live = sum(one.listed is not None for one in comparisons)
    message = (
        f"for {len(comparisons) - len(different):,} of {format_count(len(comparisons), 'meeting')}, the list of live "
        f"sessions agrees with the meeting itself ({live:,} live)"
    )
    if different:
        message += f"; different: {', '.join(_describe_difference(one) for one in different[:_SHOWN])}"
    if inspection.failed:
        message += f"; {inspection.failed:,} gave no answer"
    is_stale = len(different) > _MOST_DIFFERENT * len(comparisons) or inspection.failed > len(comparisons)
    return Finding(
        severity=Severity.WARNING if is_stale else Severity.FINE,
        subject="live list",
        message=message,
        advice="The list lags behind, or sessions began and ended meanwhile: run it again, and if it lags, use "
        "--via meetings"
        if is_stale
        else "",
        details={
            "compared": len(comparisons),
            "different": [one.meeting.meeting_id for one in different],
            "failed": inspection.failed,
            "requests": inspection.requests,
        },
    )


def _describe_difference(one: Comparison) -> str:
    """Describe a meeting that is live in one way only, or has another session."""
    if one.listed and one.asked:
        return f"{one.meeting.meeting_id} has another session"
    return f"{one.meeting.meeting_id} is {'live' if one.listed else 'idle'} in the list only"


def _not_answered(subject: str, error: RequestError | None) -> Finding:
    """Make the finding of a step without a result."""
    why = error.message if error else "the inspection ended before it"
    is_limit = error is not None and error.kind is FailureKind.NOT_ASKED
    return Finding(
        severity=Severity.WARNING,
        subject=subject,
        message=f"not checked: {why}",
        advice="Run check --online again later" if is_limit else "Look at the network, then run check --online again",
    )
