"""A Session payload, or a day's totals, becomes one typed row: pure, without clock and without I/O.

Every value that can't be typed raises `FieldError`, never another exception; fields that are not known here
go to `extra`, whole.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.values.fetch import Payload

_QUOTED_CHARACTERS = 200
_MOST_SESSIONS = 2**53  # up to here every whole number is told apart from the next
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MAX_PARTICIPANTS = 2**31 - 1  # what the column holds
# Reports count in millionths of a minute and by days: what lies beyond these bounds is a mistake, not a figure.
MAX_NUMBER = 1e11
FIRST_YEAR, LAST_YEAR = 2000, 2100

Row: TypeAlias = dict[str, object]


class FieldError(ValueError):
    """A value that is not of its field's type; the message names the field."""


def parse_session(payload: Payload) -> Row:
    """A Session payload as a row of typed values: whole participants, fractional minutes, UTC instants.

    Numbers may come as strings of digits, `ended_at` as the string "null"; fields that a published answer
    lacks (the display name, the app) may be missing. Raises FieldError naming the field.
    """
    row: Row = {column: _typed(field, payload, to_type) for field, (column, to_type) in _FIELDS.items()}
    for field in _NEEDED:
        if row[_FIELDS[field][0]] is None:
            raise FieldError(f"{field} is missing")
    unknown = {field: value for field, value in payload.items() if field not in _FIELDS}
    row["extra"] = _typed("extra", {"extra": unknown or None}, _json)
    return row


def parse_day(entry: object) -> Row:
    """An entry of the totals of days as a row: a date (UTC), whole sessions, fractional minutes.

    Raises FieldError naming the field: nothing that is missing or can't be read counts as zero.
    """
    fields = entry if isinstance(entry, dict) else {}
    row: Row = {column: _typed(field, fields, to_type) for field, (column, to_type) in _DAY_FIELDS.items()}
    for field, (column, _) in _DAY_FIELDS.items():
        if row[column] is None:
            raise FieldError(f"{field} is missing")
    return row


def _typed(field: str, payload: Payload, to_type: Callable[[Any], object]) -> object:
    value = payload.get(field)
    if value is None:
        return None
    try:
        return to_type(value)
    except (ValueError, OverflowError, RecursionError) as error:
        said = str(error).encode("ascii", "backslashreplace").decode()  # it may quote the value
        raise FieldError(f"{field} is {said}"[:_QUOTED_CHARACTERS]) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise FieldError(f"no text but {type(value).__name__}")
    return _storable(value)


def _id(value: object) -> str:
    text = _text(value)
    if not text:
        raise FieldError("empty")
    return text


def _number(value: object) -> float:
    """A number, also from a string of digits; neither negative, beyond all measure, nor a truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FieldError(f"no number but {type(value).__name__}")
    if isinstance(value, str) and not (value.isascii() and value.replace(".", "", 1).isdigit()):
        raise FieldError("no number but text")
    number = float(value)
    if not (math.isfinite(number) and 0 <= number <= MAX_NUMBER):
        raise FieldError("negative or not finite, or beyond all measure")
    return number


def _count(value: object) -> int:
    number = _number(value)
    if not number.is_integer() or number > MAX_PARTICIPANTS:
        raise FieldError("no whole number of participants")
    return int(number)


def _instant(value: object) -> datetime | None:
    """An ISO 8601 instant in UTC. Without a zone it would be a guess, and is refused, as one centuries from now."""
    text = _text(value)
    if text in {"", "null"}:  # a published answer has the string 'null' in ended_at
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise FieldError("an instant without a zone")
    if not FIRST_YEAR <= instant.year < LAST_YEAR:
        raise FieldError(f"not between {FIRST_YEAR} and {LAST_YEAR}")
    return instant.astimezone(UTC)


def _day(value: object) -> date:
    """A day, written as a date or as the instant at which it begins in UTC; another instant would be another day."""
    text = _text(value)
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    instant = _instant(text)
    if instant is None or instant.timetz() != time(tzinfo=UTC):
        raise FieldError("no day: neither a date nor a midnight in UTC")
    return instant.date()


def _sessions(value: object) -> int:
    number = _number(value)
    if not number.is_integer() or number > _MOST_SESSIONS:
        raise FieldError("no whole number of sessions")
    return int(number)


def _json(value: object) -> str:
    """Any JSON value as JSON text; numbers that JSON can't hold are refused."""
    return _storable(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _storable(text: str) -> str:
    """A text as UTF-8 can hold it: half a surrogate pair, as a name cut inside an emoji has, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


# Field of the API: our column, and what makes the one the other.
_FIELDS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "id": ("session_id", _id),
    "associated_id": ("associated_id", _text),
    "meeting_display_name": ("meeting_display_name", _text),
    "type": ("type", _text),
    "status": ("status", _text),
    "live_participants": ("live_participants", _count),
    "max_concurrent_participants": ("max_concurrent_participants", _count),
    "minutes_consumed": ("minutes_consumed", _number),
    "organization_id": ("organization_id", _text),
    "created_at": ("created_at", _instant),
    "started_at": ("started_at", _instant),
    "updated_at": ("updated_at", _instant),
    "ended_at": ("ended_at", _instant),
    "breakout_rooms": ("breakout_rooms", _json),
    "meta": ("meta", _json),
}
_DAY_FIELDS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "day": ("day", _day),
    "total_sessions": ("sessions", _sessions),
    "total_session_minutes": ("minutes", _number),
}
# Without these a snapshot says nothing about usage. The API's own list of required fields is longer, and a
# published answer breaks it.
_NEEDED = ("id", "live_participants", "max_concurrent_participants", "minutes_consumed", "started_at")
