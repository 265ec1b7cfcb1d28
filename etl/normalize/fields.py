"""Fields of a payload become typed values. Pure, without a clock and without I/O.

A figure needs some fields: a value of theirs that can't be parsed raises FieldError, and no other exception. Any other
value that can't be parsed is null, and goes to `extra` as it arrived. So do fields that are not known here.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.values.fetch import Payload

_MAX_PARTICIPANTS = 2**31 - 1  # the column holds 32 bits
_MAX_SESSIONS = 2**53  # a float represents every whole number up to here
# Reports count in millionths of a minute and by days. Values outside these bounds are errors of the API.
_MAX_NUMBER = 1e11
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Row: TypeAlias = dict[str, object]
Parser: TypeAlias = "Callable[[Any], object]"


class FieldError(ValueError):
    """A field is missing or its value has the wrong type; the message names the field."""


def parse_session(payload: Payload) -> Row:
    """Parse a Session payload: whole participants, fractional minutes, UTC instants.

    Numbers may be strings of digits, and `ended_at` may be the string "null". Fields that published answers lack, such
    as the display name, may be missing. Raises FieldError if a field that a figure needs is missing or can't be parsed.
    """
    row = _parse_required(payload, _FIGURE_FIELDS)
    extra = {field: value for field, value in payload.items() if field not in _SESSION_FIELDS}
    for field, (column, parse) in _SIDE_FIELDS.items():
        try:
            row[column] = _parse_field(field, payload.get(field), parse)
        except FieldError:
            row[column], extra[field] = None, payload[field]
    row["extra"] = _json_or_text(extra) if extra else None
    return row


def parse_day(entry: object) -> Row:
    """Parse an entry of the totals per day: a date (UTC), whole sessions, fractional minutes.

    Raises FieldError: a value that is missing or can't be parsed does not count as zero.
    """
    return _parse_required(entry if isinstance(entry, dict) else {}, _DAY_FIELDS)


def _parse_required(payload: Payload, fields: dict[str, tuple[str, Parser]]) -> Row:
    row: Row = {}
    for field, (column, parse) in fields.items():
        row[column] = _parse_field(field, payload.get(field), parse)
        if row[column] is None:
            raise FieldError(f"{field} is missing")
    return row


def _parse_field(field: str, value: object, parse: Parser) -> object:
    if value is None:
        return None
    try:
        return parse(value)
    except FieldError as error:
        raise FieldError(f"{field} is {error}") from None
    except (ValueError, OverflowError, RecursionError):  # the reason of a library may quote the value
        raise FieldError(f"{field} is not valid") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise FieldError(f"not text but {type(value).__name__}")
    return _storable(value)


def _id(value: object) -> str:
    """Parse an ID. A character that was lost on the way could make one session out of two."""
    text = _text(value)
    if not text:
        raise FieldError("empty")
    if _REPLACEMENT in text:
        raise FieldError("not valid UTF-8")
    return text


def _number(value: object) -> float:
    """Parse a number, or a string of digits: not negative, not too large, and not a boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FieldError(f"not a number but {type(value).__name__}")
    if isinstance(value, str) and not (value.isascii() and value.replace(".", "", 1).isdigit()):
        raise FieldError("not a number but text")
    number = float(value)
    if not (math.isfinite(number) and 0 <= number <= _MAX_NUMBER):
        raise FieldError("negative, not finite or too large")
    return number


def _whole_number(value: object, *, maximum: int, unit: str) -> int:
    number = _number(value)
    if not number.is_integer() or number > maximum:
        raise FieldError(f"not a whole number of {unit}")
    return int(number)


def _instant(value: object) -> datetime | None:
    """Parse an ISO 8601 instant into UTC. An instant without a time zone is refused, because it would be a guess."""
    text = _text(value)
    if text in {"", "null"}:  # a published answer has the string "null" in ended_at
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise FieldError("not an instant in ISO 8601") from None
    if instant.tzinfo is None:
        raise FieldError("an instant without a time zone")
    if not _FIRST_YEAR <= instant.year < _LAST_YEAR:
        raise FieldError(f"not between {_FIRST_YEAR} and {_LAST_YEAR}")
    return instant.astimezone(UTC)


def _day(value: object) -> date:
    """Parse a date, or the instant at which a day begins in UTC. Any other instant would be a guess."""
    text = _text(value)
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    instant = _instant(text)
    if instant is None or instant.timetz() != time(tzinfo=UTC):
        raise FieldError("neither a date nor midnight in UTC")
    return instant.date()


def _json(value: object) -> str:
    """Write a value as JSON text. Numbers that JSON can't represent are refused."""
    return _storable(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _json_or_text(fields: dict[str, object]) -> str:
    """Write fields as a JSON object. A value that JSON can't represent becomes a text."""
    try:
        return _json(fields)
    except (ValueError, RecursionError):
        return _json({field: _representable(value) for field, value in fields.items()})


def _representable(value: object) -> object:
    try:
        _json(value)
    except RecursionError:
        return "nested too deeply"
    except ValueError:  # infinite, or not a number
        return _storable(json.dumps(value, ensure_ascii=False))
    return value


def _storable(text: str) -> str:
    """Replace half surrogate pairs by U+FFFD, because UTF-8 can't store them. A name cut inside an emoji has one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_participants = partial(_whole_number, maximum=_MAX_PARTICIPANTS, unit="participants")
_sessions = partial(_whole_number, maximum=_MAX_SESSIONS, unit="sessions")

# Field of the API: our column, and the function that parses the value. A snapshot without the first ones says nothing
# about usage. The API's own list of required fields is longer, but a published answer lacks some of them.
_FIGURE_FIELDS: dict[str, tuple[str, Parser]] = {
    "id": ("session_id", _id),
    "live_participants": ("live_participants", _participants),
    "max_concurrent_participants": ("max_concurrent_participants", _participants),
    "minutes_consumed": ("minutes_consumed", _number),
    "started_at": ("started_at", _instant),
}
_SIDE_FIELDS: dict[str, tuple[str, Parser]] = {
    "associated_id": ("associated_id", _text),
    "meeting_display_name": ("meeting_display_name", _text),
    "type": ("type", _text),
    "status": ("status", _text),
    "organization_id": ("organization_id", _text),
    "created_at": ("created_at", _instant),
    "updated_at": ("updated_at", _instant),
    "ended_at": ("ended_at", _instant),
    "breakout_rooms": ("breakout_rooms", _json),
    "meta": ("meta", _json),
}
_SESSION_FIELDS = _FIGURE_FIELDS.keys() | _SIDE_FIELDS.keys()
_DAY_FIELDS: dict[str, tuple[str, Parser]] = {
    "day": ("day", _day),
    "total_sessions": ("sessions", _sessions),
    "total_session_minutes": ("minutes", _number),
}
