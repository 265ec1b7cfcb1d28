"""The read-only endpoints of an account: routes, filters, order and pages as in the published description.

These are documented nowhere, and the simulator's choice:

- the default order: the newest first, and apps in the order of their worlds;
- the default page of 20 entries, and the greatest page of 100, which public code asks for;
- the times of a query bound the start of a session, and `participants` names IDs separated by commas;
- a wrong account or app gets the gateway's 404.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from etl.simulator.answers import gateway_error, realtimekit_error, success
from etl.simulator.clock import to_iso, to_ms
from etl.simulator.query import BadQueryError, read_choice, read_day, read_instant, read_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from etl.simulator.answers import Answer
    from etl.simulator.meetings import Meeting, Payload
    from etl.simulator.query import Pagination, Query
    from etl.simulator.sessions import Session, Status
    from etl.simulator.world import DayTotal, World

_DEFAULT_DAYS = timedelta(days=30)
_MAX_DAYS = 366
_STATUSES: tuple[Status, ...] = ("LIVE", "ENDED")


class Endpoints:
    """The endpoints under `/accounts/{account_id}/realtime/kit`: each world is an app of the account.

    ValueError if the worlds belong to several accounts, or two of them are the same app.
    """

    def __init__(self, worlds: Sequence[World], now: Callable[[], datetime], pagination: Pagination) -> None:
        accounts = sorted({world.account_id for world in worlds})
        if len(accounts) != 1:
            raise ValueError(f"the worlds belong to {len(accounts)} accounts ({', '.join(accounts)}): it must be one")
        self.account_id = accounts[0]
        self._worlds = {world.app_id: world for world in worlds}
        if len(self._worlds) < len(worlds):
            raise ValueError(f"{len(worlds)} worlds have only the apps {', '.join(self._worlds)}: each needs its own")
        self._now = now
        self._pagination = pagination

    def answer(self, account_id: str, path: Sequence[str], query_string: bytes) -> Answer:
        """Answer a request for a path, given as its decoded segments below `realtime/kit`."""
        try:
            answer = self._route(path, read_query(query_string)) if account_id == self.account_id else None
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
                page, paging = self._pagination.cut(list_apps(self._worlds.values(), query), query)
                return success(page, paging=paging)
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


def list_apps(worlds: Iterable[World], query: Query) -> list[Payload]:
    """List the apps whose ID or name contains `search`, in the order of their worlds, or in reverse."""
    apps = [_describe_app(world) for world in worlds if _matches(query.get("search", ""), world.app_id, world.app_name)]
    return apps[::-1] if read_choice(query, "sort_order", ("ASC", "DESC")) == "DESC" else apps


def list_sessions(world: World, at: datetime, query: Query) -> list[Session]:
    """List the sessions a query asks for, in its order; `start_time` and `end_time` are both included."""
    sessions = world.sessions(
        at,
        read_choice(query, "status", _STATUSES),
        meeting_id=query.get("associated_id"),
        since=read_instant(query, "start_time"),
        until=read_instant(query, "end_time"),
    )
    if "search" in query:
        sessions = [one for one in sessions if _matches(query["search"], one.id, one.meeting_id, one.title)]
    if "participants" in query:
        wanted = set(query["participants"].split(","))
        sessions = [one for one in sessions if wanted.intersection(one.participant_ids(at))]
    if read_choice(query, "sort_by", ("createdAt", "minutesConsumed")) == "minutesConsumed":
        sessions.sort(key=lambda one: (one.minutes_consumed(at), one.id))
    return sessions if read_choice(query, "sort_order", ("DESC", "ASC")) == "ASC" else sessions[::-1]


def list_meetings(world: World, query: Query) -> list[Meeting]:
    """List the meetings of a status whose ID or title contains `search`.

    `start_time` and `end_time` bound the creation, and are both included.
    """
    since, until = read_instant(query, "start_time"), read_instant(query, "end_time")
    status = read_choice(query, "status", ("ACTIVE", "INACTIVE"))
    return [
        one
        for one in world.all_meetings
        if (since is None or one.created_ms >= to_ms(since))
        and (until is None or one.created_ms <= to_ms(until))
        and status in (None, one.status)
        and _matches(query.get("search", ""), one.id, one.title)
    ]


def total_days(world: World, at: datetime, query: Query) -> Payload:
    """Total the UTC days from `start_date` to `end_date`, both included; without them the last 30 days and today.

    As in a published example, a day is written as the instant at which it begins, and a day of zero is left out.
    """
    end = read_day(query, "end_date") or at.astimezone(UTC).date()
    start = read_day(query, "start_date") or end - _DEFAULT_DAYS
    if not 0 <= (end - start).days < _MAX_DAYS:
        raise BadQueryError(f"start_date {start} to end_date {end} is not a range of 1 to {_MAX_DAYS} days")
    totals = world.day_totals(start, end, at)
    return {"session_stats": _sum_sessions(totals), "recording_stats": _sum_recordings(totals)}


def _sum_sessions(totals: Sequence[DayTotal]) -> Payload:
    return {
        "sessions_count": sum(one.sessions for one in totals),
        "sessions_minutes_consumed": round(sum(one.minutes for one in totals), 4),
        "day_stats": [
            {"day": _write_day(one.day), "total_sessions": one.sessions, "total_session_minutes": one.minutes}
            for one in totals
            if one.sessions or one.minutes
        ],
    }


def _sum_recordings(totals: Sequence[DayTotal]) -> Payload:
    return {
        "recording_count": sum(one.recordings for one in totals),
        "recording_minutes_consumed": sum(one.recording_minutes for one in totals),
        "day_stats": [
            {
                "day": _write_day(one.day),
                "total_recordings": one.recordings,
                "total_recording_minutes": one.recording_minutes,
            }
            for one in totals
            if one.recordings
        ],
    }


def _write_day(day: date) -> str:
    return f"{day}T00:00:00.000Z"


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
    return success(session)


def _describe_app(world: World) -> Payload:
    return {"id": world.app_id, "name": world.app_name, "created_at": to_iso(to_ms(world.epoch))}


def _matches(search: str, *texts: str) -> bool:
    return any(search.casefold() in text.casefold() for text in texts)
