"""Read a meeting list in any format: the distinct meetings, and a failure for each entry that is not valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import ConfigError, FailureKind
from etl.meeting_list.entries import UnreadableEntry
from etl.meeting_list.foreign import describe_way_out
from etl.meeting_list.formats import open_entries
from etl.values.meetings import Failure, Meeting, MeetingList, describe_id_problem, is_id, quote

if TYPE_CHECKING:
    from typing import BinaryIO

    from etl.meeting_list.entries import Entries

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read_meeting_list(source: Path | BinaryIO, *, default_app_id: str | None = None) -> MeetingList:
    """Read a meeting list from a file, or from an open stream of bytes.

    An entry that is not a valid ID becomes a failure `invalid_id` with its line, and the rest is read. Repeats are
    counted and left out. Raises ConfigError if the list has no valid entry, or is not in a format that can be read.
    An entry without an app is a ConfigError, too, if there is no default app.
    """
    name = str(source) if isinstance(source, Path) else "standard input"
    _require_valid_app_id(default_app_id)
    apps: dict[Any, str | None] = {None: default_app_id, "": default_app_id}  # each app is checked and kept once
    meetings: dict[Meeting, None] = {}
    invalid: list[Failure] = []
    valid = 0
    with open_entries(source, name) as entries:
        for line, meeting_id, own_app_id in entries.rows:
            try:
                app_id = apps[own_app_id]
            except (KeyError, TypeError):  # a list or an object of JSON is not a key
                app_id = own_app_id if is_id(own_app_id) else None
                if app_id is not None:
                    apps[app_id] = app_id
            if app_id is None or not is_id(meeting_id):
                invalid.append(_make_failure(name, line, meeting_id, own_app_id, entries))
                continue
            valid += 1
            lower = meeting_id.lower()
            is_uuid = lower != meeting_id and _UUID.fullmatch(lower)  # the API writes UUIDs in lower case
            meetings[Meeting(app_id, lower if is_uuid else meeting_id)] = None
    _require_meetings(name, len(meetings), invalid)
    return MeetingList(meetings=list(meetings), invalid=invalid, repeats=valid - len(meetings))


def _make_failure(name: str, line: int, meeting_id: object, app_id: object, entries: Entries) -> Failure:
    """Return the failure of an entry whose meeting ID or app ID is not valid. Raises ConfigError if it has no app."""
    what, value, column = ("meeting", meeting_id, entries.meeting_column)
    if is_id(meeting_id):
        what, value, column = ("app", app_id, entries.app_column)
        if app_id is None or app_id == "":
            raise ConfigError(
                f"{name}, line {line}: which app does meeting {meeting_id} belong to? "
                "Set REALTIMEKIT_APP_ID or --app-id, or add a column app_id"
            )
    shown = meeting_id.text if isinstance(meeting_id, UnreadableEntry) else meeting_id
    problem = value.problem if isinstance(value, UnreadableEntry) else describe_id_problem(value)
    place = f"line {line}" + (f", column {quote(column)}" if column else "")
    return Failure(
        app_id=None,
        meeting_id=quote(shown),
        kind=FailureKind.INVALID_ID,
        message=f"{place}: the {what} ID {problem}",
        line=line,
    )


def _require_meetings(name: str, meetings: int, invalid: list[Failure]) -> None:
    """Raise ConfigError for a list without a valid line."""
    if meetings:
        return
    if invalid:
        lines = "its only line is not" if len(invalid) == 1 else f"none of its {len(invalid)} lines is"
        first = "" if len(invalid) == 1 else "the first, "
        entry = invalid[0].meeting_id
        quoted = f": {entry!r}" if entry else ""
        raise ConfigError(
            f"{name}: {lines} a valid meeting ID; {first}{invalid[0].message}{quoted}; {describe_way_out(entry)}"
        )
    raise ConfigError(f"{name}: the meeting list is empty; expected one meeting ID per line")


def _require_valid_app_id(app_id: str | None) -> None:
    """Raise ConfigError for a default app ID that is not valid."""
    if app_id is not None and not is_id(app_id):
        raise ConfigError(f"REALTIMEKIT_APP_ID or --app-id {quote(app_id)!r}: the app ID {describe_id_problem(app_id)}")
