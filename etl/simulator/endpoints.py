"""The read-only endpoints of an account: routes, filters, order and pages, as the published description names them.

Documented nowhere, and the simulator's choice: the default order (newest first), the default page (20 entries), the
greatest page (100: public code asks for that), that the times bound a session's start, and the answer to a wrong
account or app (the gateway's 404).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from etl.simulator.answers import gateway_error, realtimekit_error, success
from etl.simulator.clock import to_iso, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from etl.simulator.answers import Answer
    from etl.simulator.meetings import Meeting, Payload
    from etl.simulator.sessions import Session, Status
    from etl.simulator.world import World

    Query = Mapping[str, str]

_DEFAULT_PER_PAGE = 20
_DEFAULT_DAYS = timedelta(days=30)
_MAX_DAYS = 366
_STATUSES: tuple[Status, ...] = ("LIVE", "ENDED")
_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=str)


class BadQueryError(ValueError):
    """A query value that the endpoint can't read; the message names the parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """The cut of lists into pages: `max_per_page` entries at most; page 1 for every `page_no` if that is ignored."""

    max_per_page: int = 100
    ignores_page_no: bool = False

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


class Endpoints:
    """The endpoints under `/accounts/{account_id}/realtime/kit`: each world is an app of the account.

    ValueError if the worlds belong to several accounts, or two of them are the same app.
    """

    def __init__(self, worlds: Sequence[World], now: Callable[[], datetime], pagination: Pagination) -> None:
        accounts = sorted({world.account_id for world in worlds})
        if len(accounts) != 1:
            raise ValueError(f"the worlds belong to {len(accounts)} accounts ({', '.join(accounts)}): it must be one")
        self._account_id = accounts[0]
        self._worlds = {world.app_id: world for world in worlds}
        if len(self._worlds) < len(worlds):
            raise ValueError(f"{len(worlds)} worlds have only the apps {', '.join(self._worlds)}: each needs its own")
        self._now = now
        self._pagination = pagination

    def answer(self, account_id: str, path: Sequence[str], query_string: bytes) -> Answer:
        """Answer a request for a path, given as its decoded segments below `realtime/kit`."""
        try:
            answer = self._route(path, read_query(query_string)) if account_id == self._account_id else None
        except BadQueryError as error:
            return realtimekit_error(400, str(error))
        if answer is None:
            where = "/".join(("", "accounts", account_id, "realtime", "kit", *path))
            message = f"Could not route to {where}, perhaps your object identifier is invalid?"
            return gateway_error(404, 7003, message)
        return answer

    def _route(self, path: Sequence[str], query: Query) -> Answer | None:
        match path:
            case ["apps"]:
                return success([_describe_app(world) for world in self._worlds.values()])
            case [app_id, *below] if app_id in self._worlds:
                return self._route_in_app(self._worlds[app_id], below, query)
        return None

    def _route_in_app(self, world: World, path: Sequence[str], query: Query) -> Answer | None:
        match path:
            case ["meetings", meeting_id, "active-session"]:
                return _answer_active_session(world, meeting_id, self._now())
            case ["meetings"]:
                page, paging = self._pagination.cut(list_meetings(world, query), query)
                return success([meeting.payload() for meeting in page], paging=paging)
            case ["sessions"]:
                return self._answer_sessions(world, query)
            case ["sessions", session_id]:
                return _answer_session(world, session_id, self._now(), query)
            case ["analytics", "daywise"]:
                return success(total_days(world, self._now(), query))
        return None

    def _answer_sessions(self, world: World, query: Query) -> Answer:
        at = self._now()
        page, paging = self._pagination.cut(list_sessions(world, at, query), query)
        return success({"sessions": [session.payload(to_ms(at)) for session in page]}, paging=paging)


def list_sessions(world: World, at: datetime, query: Query) -> list[Session]:
    """List the sessions a query asks for, in its order; `start_time` and `end_time` are both included."""
    sessions = world.sessions(
        at,
        _read_choice(query, "status", _STATUSES),
        meeting_id=query.get("associated_id"),
        since=_read_instant(query, "start_time"),
        until=_read_instant(query, "end_time"),
    )
    search = query.get("search")
    if search is not None:
        sessions = [one for one in sessions if _matches(search, one.id, one.meeting_id, one.title)]
    if _read_choice(query, "sort_by", ("createdAt", "minutesConsumed")) == "minutesConsumed":
        sessions.sort(key=lambda one: (one.minutes_consumed(at), one.id))
    return sessions if _read_choice(query, "sort_order", ("DESC", "ASC")) == "ASC" else sessions[::-1]


def list_meetings(world: World, query: Query) -> list[Meeting]:
    """List the meetings whose ID or title contains `search`, created from `start_time` to `end_time`, both included."""
    since, until = _read_instant(query, "start_time"), _read_instant(query, "end_time")
    return [
        one
        for one in world.all_meetings
        if (since is None or one.created_ms >= to_ms(since))
        and (until is None or one.created_ms <= to_ms(until))
        and _matches(query.get("search", ""), one.id, one.title)
    ]


def total_days(world: World, at: datetime, query: Query) -> Payload:
    """Total the UTC days from `start_date` to `end_date`, both included; without them the last 30 days and today.

    Every day is listed, also a day without a session. Nothing is recorded in a simulated world.
    """
    end = _read_day(query, "end_date") or at.astimezone(UTC).date()
    start = _read_day(query, "start_date") or end - _DEFAULT_DAYS
    if not 0 <= (end - start).days < _MAX_DAYS:
        raise BadQueryError(f"start_date {start} to end_date {end} is not a range of 1 to {_MAX_DAYS} days")
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


def read_query(query_string: bytes) -> dict[str, str]:
    """Read a query string; of a repeated name the last value counts, and an empty value counts as missing."""
    return dict(parse_qsl(query_string.decode("latin-1")))


def read_page_no(query: Query) -> int:
    """Read `page_no`, which counts from 1; a missing number and 0 stand for 1."""
    return max(1, _read_whole_number(query, "page_no", 1))


def _answer_active_session(world: World, meeting_id: str, at: datetime) -> Answer:
    if world.meeting(meeting_id) is None:
        return realtimekit_error(404, f"Meeting not found: {meeting_id}")
    session = world.active_session(meeting_id, at)
    if session is None:
        return realtimekit_error(404, f"No active session found for meeting_id {meeting_id}")
    return success(session)


def _answer_session(world: World, session_id: str, at: datetime, query: Query) -> Answer:
    session = world.session(session_id, at)
    if session is None:
        return realtimekit_error(404, f"Session not found: {session_id}")
    if query.get("include_breakout_rooms") != "true":
        session.pop("breakout_rooms", None)
    # The published description wraps the session, here only, in an object.
    return success({"session": session})


def _describe_app(world: World) -> Payload:
    return {"id": world.app_id, "name": world.app_name, "created_at": to_iso(to_ms(world.epoch))}


def _matches(search: str, *texts: str) -> bool:
    return any(search.casefold() in text.casefold() for text in texts)


def _read_choice(query: Query, name: str, allowed: tuple[_Choice, ...]) -> _Choice | None:
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


def _read_instant(query: Query, name: str) -> datetime | None:
    at = _read(query, name, datetime.fromisoformat, "an ISO 8601 time")
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _read_day(query: Query, name: str) -> date | None:
    return _read(query, name, date.fromisoformat, "a date as in 2026-01-31")


def _read(query: Query, name: str, parse: Callable[[str], _Value], form: str) -> _Value | None:
    try:
        return parse(query[name]) if name in query else None
    except ValueError as error:
        raise BadQueryError(f"{name} must be {form}, not {query[name]}") from error
