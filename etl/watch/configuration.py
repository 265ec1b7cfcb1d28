"""Findings about the settings of the job: the token, the account, the app and the meeting list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import EtlError
from etl.reports.counts import format_count
from etl.values.meetings import is_id
from etl.watch.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from etl.settings import ApiSettings
    from etl.values.meetings import Meeting, MeetingList

_SHOWN = 3  # IDs in a message
_LISTED = 100  # IDs in details
_MOST_GONE = 0.5


def find_configuration(api: ApiSettings | EtlError, app_id: str | None) -> Finding:
    """Judge whether the settings of the API are there and valid. Nothing is sent."""
    advice = "Run check with the settings of the job, such as those of the file environment"
    if isinstance(api, EtlError):
        message = _on_one_line(str(api))
        return Finding(severity=Severity.CRITICAL, subject="configuration", message=message, advice=advice)
    if app_id is not None and not is_id(app_id):
        message = f"REALTIMEKIT_APP_ID or --app-id {app_id!r} is not a valid app ID"
        return Finding(severity=Severity.CRITICAL, subject="configuration", message=message, advice=advice)
    details = {"account_id": api.account_id, "app_id": app_id}
    app = f"app {app_id}" if app_id else "no app: the meeting list has to name it"
    message = f"there is a token for account {api.account_id}, and {app}"
    return Finding(severity=Severity.FINE, subject="configuration", message=message, details=details)


def find_list(
    path: Path, listed: MeetingList | EtlError | None, *, last_meetings: set[Meeting] | None, is_same: bool
) -> list[Finding]:
    """Judge a meeting list, and compare it with that of the last run.

    `listed` is None if the runs record all meetings of an app, which needs no list. `last_meetings` is None without
    another list to compare with; then `is_same` says that a recent run had this list.
    """
    if listed is None:
        message = "the runs record all meetings of an app, which needs no list"
        return [Finding(severity=Severity.FINE, subject="list", message=message)]
    if isinstance(listed, EtlError):
        return [Finding(severity=Severity.CRITICAL, subject="list", message=str(listed))]
    changes = _find_changes(path, listed, last_meetings, is_same=is_same)
    return [_find_invalid(path, listed), changes] if listed.invalid else [changes]


def _find_invalid(path: Path, listed: MeetingList) -> Finding:
    count = len(listed.invalid)
    what = "1 line is not a meeting ID" if count == 1 else f"{count:,} lines are not meeting IDs, the first"
    return Finding(
        severity=Severity.WARNING,
        subject="list",
        message=f"{path}: {what}, {listed.invalid[0].message}",
        advice="Correct the lines, or write the list again with rtk-usage meetings",
        details={"invalid": [failure.message for failure in listed.invalid[:_LISTED]], "invalid_lines": count},
    )


def _find_changes(path: Path, listed: MeetingList, last_meetings: set[Meeting] | None, *, is_same: bool) -> Finding:
    """Compare the list with that of the last run. It is a warning if most meetings are gone."""
    meetings = format_count(len(listed.meetings), "meeting")
    details = {"path": str(path), "meetings": len(listed.meetings), "repeats": listed.repeats}
    present = set(listed.meetings)
    if last_meetings is None or last_meetings == present:
        rest = ", those of the last run" if is_same or last_meetings else ""
        return Finding(severity=Severity.FINE, subject="list", message=f"{path}: {meetings}{rest}", details=details)
    added, gone = sorted(present - last_meetings), sorted(last_meetings - present)
    is_shrunk = len(gone) > _MOST_GONE * len(last_meetings)
    changes = " and ".join(filter(None, (_describe(added, "added"), _describe(gone, "gone"))))
    return Finding(
        severity=Severity.WARNING if is_shrunk else Severity.FINE,
        subject="list",
        message=f"{path}: {meetings}; since the last run {changes}",
        advice="If the meetings should be recorded, write the list again with rtk-usage meetings" if is_shrunk else "",
        details=details | {"added": _ids(added), "gone": _ids(gone)},
    )


def _describe(meetings: Collection[Meeting], change: str) -> str:
    """Describe a change with the first meetings: `2 added (a, b)`."""
    if not meetings:
        return ""
    shown = [*_ids(meetings)[:_SHOWN], *(["..."] if len(meetings) > _SHOWN else [])]
    return f"{len(meetings):,} {change} ({', '.join(shown)})"


def _ids(meetings: Collection[Meeting]) -> list[str]:
    return [meeting.meeting_id for meeting in list(meetings)[:_LISTED]]


def _on_one_line(message: str) -> str:
    """Join the lines of a message: a heading that ends with a colon, and an item per line."""
    heading, *items = (line.strip() for line in message.splitlines())
    return " ".join([heading, "; ".join(items)]).strip()
