"""Meetings, and the list of those to watch."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.errors import FailureKind

MAX_ID_LENGTH = 128
# Stands in the place of a meeting ID: all meetings of an app, or those whose IDs could not be read.
ALL_MEETINGS = "*"

_match_id = re.compile(f"(?![._~-])[0-9A-Za-z._~-]{{1,{MAX_ID_LENGTH}}}(?<![._~-])").fullmatch
_NOT_IN_AN_ID = re.compile("[^0-9A-Za-z._~-]")
_SPACES = {" ": "a space", "\t": "a tab"}
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # stands for bytes that are not UTF-8
_EXPECTED = "expected letters of the English alphabet, digits, and - . _ ~ between them"


def is_id(value: object) -> bool:
    """Return True if a value can be the ID of a meeting, an app or an account: the rule for lists and settings.

    The published description of the API has two forms: a UUID, and for V1 meetings a room name `abcdef-ghijkl`. IDs of
    Cloudflare accounts are hexadecimal. This rule also allows other forms of the characters that RFC 3986, section 2.3,
    calls unreserved: letters and digits of ASCII, `-`, `.`, `_` and `~`. Only these are the same in every URL. An ID
    begins and ends with a letter or a digit, so that a cut ID (`6bf2b8be-`, `6bf2b8be...`) is not taken for a whole.
    """
    return isinstance(value, str) and _match_id(value) is not None


def is_readable_id(value: object) -> bool:
    """Return True if a text that the API reports as an ID can be stored and shown, even if `is_id` does not allow it.

    What the API reports is true, whatever forms of IDs will come. It only has to be a word of visible characters.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID_LENGTH
        and value.isprintable()
        and not any(character in value for character in (" ", "/", _REPLACEMENT))
        and value not in {ALL_MEETINGS, ".", ".."}
    )


def describe_id_problem(value: object) -> str:
    """Describe why a value is not a valid ID, after words such as "the meeting ID"."""
    if value is None or value == "":
        return "is missing"
    if not isinstance(value, str):
        return f"is not text but {quote(value)}; expected text"
    if len(value) > MAX_ID_LENGTH:
        return f"has {len(value):,} characters; expected at most {MAX_ID_LENGTH}"
    if wrong := _NOT_IN_AN_ID.search(value):
        return f"has {_describe_character(wrong[0])} at character {wrong.start() + 1}; {_EXPECTED}"
    place = "begins" if not value[0].isalnum() else "ends"
    return f"{place} with {value[0 if place == 'begins' else -1]!r}; {_EXPECTED}"


def quote(value: object, length: int = MAX_ID_LENGTH) -> str:
    """Write a value as printable ASCII, cut to a length. Control characters are escaped; a missing value is empty."""
    text = "" if value is None else value if isinstance(value, str) else repr(value)
    return ascii(text[: length + 1])[1:-1][:length]


def _describe_character(character: str) -> str:
    """Name a character, so that its name is readable where the character itself is not."""
    if "\udc80" <= character <= "\udcff":  # `surrogateescape` maps bytes that are not UTF-8 to these
        return f"the byte {ord(character) - 0xDC00:#04x}, which is not UTF-8,"
    if character in _SPACES:
        return _SPACES[character]
    if character.isprintable() and character.isascii():
        return f"the character {character!r}"
    name = unicodedata.name(character, "a control character").lower()
    return f"U+{ord(character):04X} ({name})"


class Meeting(NamedTuple):
    """A reusable room, known by its ID, in an app. A named tuple, because a list may hold a million."""

    app_id: str
    meeting_id: str


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
