"""Meetings, and the list of those to watch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.errors import FailureKind

MAX_ID_LENGTH = 128
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # stands for bytes that are not UTF-8
DOT_SEGMENTS = frozenset({".", ".."})


def is_id(value: object) -> bool:
    """Return True if a value can be the ID of a meeting, an app or an account.

    IDs are not validated as UUIDs, because V1 meetings are room names. An ID can't contain white space or characters
    that can't be printed: controls, invisible marks, bytes that are not UTF-8. It can't change the path of a request.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID_LENGTH
        and value.isprintable()
        and " " not in value
        and "/" not in value
        and _REPLACEMENT not in value
        and value not in DOT_SEGMENTS
    )


class Meeting(NamedTuple):
    """A reusable room, known by its ID, in an app. A named tuple, because a list may hold a million."""

    app_id: str
    meeting_id: str


# Stands in the place of a meeting ID: all meetings of an app, or those whose IDs could not be read.
ALL_MEETINGS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A meeting whose outcome a run could not learn, and the reason.

    `app_id` is None for a line of the list that names no app. `attempts` is 0 if no request was sent. `line` is the
    number of the line that is not valid, for `invalid_id` only.
    """

    app_id: str | None
    meeting_id: str
    kind: FailureKind
    message: str
    http_status: int | None = None
    api_code: int | None = None
    attempts: int = 0
    cf_ray: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingList:
    """A meeting list: distinct meetings in the order of the file, and a failure for each line that is not valid.

    `repeats` counts the lines that repeat a meeting. `all_of` is the app whose live sessions are all fetched; then
    `meetings` is empty.
    """

    meetings: Sequence[Meeting]
    invalid: list[Failure] = field(default_factory=list)
    repeats: int = 0
    all_of: str | None = None
