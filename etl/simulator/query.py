"""The values of a query string: choices, whole numbers, instants, days, and the page that a query asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Query = Mapping[str, str]

_DEFAULT_PER_PAGE = 20
_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=str)


class BadQueryError(ValueError):
    """A query value that the endpoint can't read; the message names the parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """The cut of lists into pages: `max_per_page` entries at most; page 1 for every `page_no` if that is ignored."""

    max_per_page: int
    ignores_page_no: bool

    def __post_init__(self) -> None:
        if self.max_per_page < 1:
            raise ValueError(f"at most {self.max_per_page} entries per page: the number must be 1 or more")

    def cut(self, entries: Sequence[_Value], query: Query) -> tuple[Sequence[_Value], dict[str, int]]:
        """Return the page that a query asks for, and its `paging`: offsets from 1, both 0 beyond the last page."""
        number = 1 if self.ignores_page_no else read_page_no(query)
        size = min(max(1, _read_whole_number(query, "per_page", _DEFAULT_PER_PAGE)), self.max_per_page)
        start = (number - 1) * size
        page = entries[start : start + size]
        first, last = (start + 1, start + len(page)) if page else (0, 0)
        return page, {"total_count": len(entries), "start_offset": first, "end_offset": last}


def read_query(query_string: bytes) -> dict[str, str]:
    """Read a query string; of a repeated name the last value counts, and an empty value counts as missing."""
    return dict(parse_qsl(query_string.decode("latin-1")))


def read_page_no(query: Query) -> int:
    """Read `page_no`, which counts from 1; a missing number and 0 stand for 1."""
    return max(1, _read_whole_number(query, "page_no", 1))


def read_choice(query: Query, name: str, allowed: tuple[_Choice, ...]) -> _Choice | None:
    """Read a value that must be one of those allowed, or None if it is missing."""
    value = query.get(name)
    if value is None:
        return None
    for choice in allowed:
        if value == choice:
            return choice
    raise BadQueryError(f"{name} must be one of {', '.join(allowed)}, not {value}")


def _read_whole_number(query: Query, name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise BadQueryError(f"{name} must be a whole number, not {value}")
    return int(value)


def read_instant(query: Query, name: str) -> datetime | None:
    """Read an ISO 8601 time, or None if it is missing; without a time zone it is UTC."""
    at = _read(query, name, datetime.fromisoformat, "an ISO 8601 time")
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def read_day(query: Query, name: str) -> date | None:
    """Read a date, or None if it is missing."""
    return _read(query, name, date.fromisoformat, "a date as in 2026-01-31")


def _read(query: Query, name: str, parse: Callable[[str], _Value], form: str) -> _Value | None:
    try:
        return parse(query[name]) if name in query else None
    except ValueError as error:
        raise BadQueryError(f"{name} must be {form}, not {query[name]}") from error
