"""The query of the lists: filters, order and pages, as the API names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from etl.simulator.meeting import Meeting
    from etl.simulator.session import Payload, Session, Status
    from etl.simulator.world import World

_PER_PAGE = 20
_LONGEST_RANGE = 366
_T = TypeVar("_T")
_SORT_BY = ("createdAt", "minutesConsumed")
_SORT_ORDER = ("DESC", "ASC")


class BadQuery(ValueError):
    """A query value the endpoint can't read; the message names it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page number from 1, and how many entries a page has."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """How many entries stand before this page."""
        return (self.number - 1) * self.size

    def cut(self, entries: Sequence[_T]) -> Sequence[_T]:
        """Take this page's entries."""
        return entries[self.start : self.start + self.size]

    def paging(self, total: int) -> dict[str, int]:
        """Write `paging`; offsets count from 1, and both are 0 for a page beyond the last."""
        if self.start >= total:
            return {"total_count": total, "start_offset": 0, "end_offset": 0}
        end = min(self.start + self.size, total)
        return {"total_count": total, "start_offset": self.start + 1, "end_offset": end}


def read_query(query_string: bytes) -> dict[str, str]:
    """Read a query string; of a repeated name the last value counts, and an empty value is none."""
    return dict(parse_qsl(query_string.decode("latin-1")))


@dataclass(frozen=True, slots=True)
class Paginator:
    """How lists are cut into pages: at most `most` entries each, and only ever the first if it ignores `page_no`.

    The greatest page is undocumented; public code asks for 100.
    """

    most: int
    ignores_number: bool = False

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"at most {self.most} entries a page: there must be room for one")

    def read(self, query: Mapping[str, str]) -> Page:
        """Read `page_no` and `per_page` (20 unless told); more than `most` are taken for `most`."""
        number, size = read_page_no(query), _whole(query, "per_page", _PER_PAGE)
        return Page(1 if self.ignores_number else number, min(max(1, size), self.most))


def read_page_no(query: Mapping[str, str]) -> int:
    """Read `page_no`, which counts from 1; none and 0 are taken for 1."""
    return max(1, _whole(query, "page_no", 1))


def list_sessions(world: World, at: datetime, query: Mapping[str, str]) -> list[Session]:
    """Find the sessions a query asks for, in its order.

    The times bound the session's start, both included; the newest come first unless told otherwise.
    What the times bound, and the order without a wish, are documented nowhere.
    """
    found = world.sessions(
        at,
        _status(query),
        meeting_id=query.get("associated_id"),
        since=_instant(query, "start_time"),
        until=_instant(query, "end_time"),
    )
    if "search" in query:
        found = [one for one in found if _matches(query["search"], (one.id, one.meeting_id, one.title))]
    if _one_of(query, "sort_by", _SORT_BY) == "minutesConsumed":
        found.sort(key=lambda one: (one.minutes_consumed(at), one.id))
    return found if _one_of(query, "sort_order", _SORT_ORDER) == "ASC" else found[::-1]


def list_meetings(world: World, query: Mapping[str, str]) -> list[Meeting]:
    """Find the meetings whose ID or title holds `search`, created from `start_time` to `end_time`."""
    since, until = _instant(query, "start_time"), _instant(query, "end_time")
    return [
        one
        for one in world.all_meetings
        if (since is None or one.created_at >= since)
        and (until is None or one.created_at <= until)
        and _matches(query.get("search", ""), (one.id, one.title))
    ]


def daywise(world: World, at: datetime, query: Mapping[str, str]) -> Payload:
    """Total the UTC days from `start_date` to `end_date`, both included; the last 30 days unless told.

    Every day is listed, also one without a session. Nothing is recorded in the simulated world.
    """
    end = _day(query, "end_date") or at.astimezone(UTC).date()
    start = _day(query, "start_date") or end - timedelta(days=30)
    if not 0 <= (end - start).days < _LONGEST_RANGE:
        raise BadQuery(f"start_date {start} to end_date {end} is no range of up to {_LONGEST_RANGE} days")
    totals = world.day_totals(start, end, at)
    days = [
        {"day": str(one.day), "total_sessions": one.sessions, "total_session_minutes": one.minutes} for one in totals
    ]
    return {
        "session_stats": {
            "sessions_count": sum(one.sessions for one in totals),
            "sessions_minutes_consumed": round(sum(one.minutes for one in totals), 4),
            "day_stats": days,
        },
        "recording_stats": {"recording_count": 0, "recording_minutes_consumed": 0, "day_stats": []},
    }


def _matches(search: str, texts: Iterable[str]) -> bool:
    return any(search.casefold() in text.casefold() for text in texts)


def _status(query: Mapping[str, str]) -> Status | None:
    match query.get("status"):
        case None:
            return None
        case "LIVE":
            return "LIVE"
        case "ENDED":
            return "ENDED"
        case other:
            raise BadQuery(f"status must be LIVE or ENDED, not {other}")


def _one_of(query: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = query.get(name, allowed[0])
    if value not in allowed:
        raise BadQuery(f"{name} must be one of {', '.join(allowed)}, not {value}")
    return value


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise BadQuery(f"{name} must be a whole number, not {value}")
    return int(value)


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    value = query.get(name)
    try:
        at = datetime.fromisoformat(value) if value else None
    except ValueError as error:
        raise BadQuery(f"{name} must be an ISO 8601 time, not {value}") from error
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _day(query: Mapping[str, str], name: str) -> date | None:
    value = query.get(name)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise BadQuery(f"{name} must be a date as in 2026-01-31, not {value}") from error
