"""What each endpoint answers about the worlds of an account, once a request is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.simulator.answers import gateway_error, realtimekit_error, success
from etl.simulator.instants import iso, to_ms
from etl.simulator.listing import BadQuery, daywise, list_meetings, list_sessions, read_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from etl.simulator.answers import Answer
    from etl.simulator.listing import Paginator
    from etl.simulator.world import World


class Endpoints:
    """The read-only endpoints under `/accounts/{account_id}/realtime/kit`: each world is an app of the account.

    ValueError if the worlds are of several accounts, or two of them are the same app.
    """

    def __init__(self, worlds: Sequence[World], now: Callable[[], datetime], paginator: Paginator) -> None:
        self._account_id = _account_of(worlds)
        self._worlds = worlds
        self._below = {world.app_id: _AppEndpoints(world, now, paginator) for world in worlds}
        if len(self._below) < len(worlds):
            raise ValueError(f"{len(worlds)} worlds, but only the apps {', '.join(self._below)}: each is an app")

    def answer(self, account_id: str, path: Sequence[str], query_string: bytes) -> Answer:
        """Answer a request for a path, given as its decoded segments below `realtime/kit`.

        A wrong account or app is a route that does not exist; status and body for that are documented
        nowhere, and are the gateway's here.
        """
        if account_id != self._account_id:
            return self._no_route(account_id, path)
        try:
            return self._route(path, query_string) or self._no_route(account_id, path)
        except BadQuery as error:
            return realtimekit_error(400, str(error))

    def _route(self, path: Sequence[str], query_string: bytes) -> Answer | None:
        match path:
            case ["apps"]:
                return self._apps()
            case [app_id, *below] if app_id in self._below:
                return self._below[app_id].answer(below, query_string)
        return None

    def _apps(self) -> Answer:
        return success(
            [{"id": one.app_id, "name": one.app_name, "created_at": iso(to_ms(one.epoch))} for one in self._worlds]
        )

    def _no_route(self, account_id: str, path: Sequence[str]) -> Answer:
        where = "/".join(("", "accounts", account_id, "realtime", "kit", *path))
        message = f"Could not route to {where}, perhaps your object identifier is invalid?"
        return gateway_error(404, 7003, message)


class _AppEndpoints:
    """The endpoints below one app."""

    def __init__(self, world: World, now: Callable[[], datetime], paginator: Paginator) -> None:
        self._world = world
        self._now = now
        self._paginator = paginator

    def answer(self, path: Sequence[str], query_string: bytes) -> Answer | None:
        """Answer a request for a path below the app, or None if there is no such route."""
        match path:
            case ["meetings", meeting_id, "active-session"]:
                return self._active_session(meeting_id)
            case ["meetings"]:
                return self._meetings(read_query(query_string))
            case ["sessions"]:
                return self._sessions(read_query(query_string))
            case ["sessions", session_id]:
                return self._session(session_id, read_query(query_string))
            case ["analytics", "daywise"]:
                return success(daywise(self._world, self._now(), read_query(query_string)))
        return None

    def _active_session(self, meeting_id: str) -> Answer:
        if self._world.meeting(meeting_id) is None:
            return realtimekit_error(404, f"Meeting not found: {meeting_id}")
        session = self._world.active_session(meeting_id, self._now())
        if session is None:
            return realtimekit_error(404, f"No active session found for meeting_id {meeting_id}")
        return success(session)

    def _meetings(self, query: Mapping[str, str]) -> Answer:
        found, page = list_meetings(self._world, query), self._paginator.read(query)
        return success([one.payload() for one in page.cut(found)], paging=page.paging(len(found)))

    def _sessions(self, query: Mapping[str, str]) -> Answer:
        at = self._now()
        found, page = list_sessions(self._world, at, query), self._paginator.read(query)
        sessions = [one.payload(to_ms(at)) for one in page.cut(found)]
        return success({"sessions": sessions}, paging=page.paging(len(found)))

    def _session(self, session_id: str, query: Mapping[str, str]) -> Answer:
        session = self._world.session(session_id, self._now())
        if session is None:
            return realtimekit_error(404, f"Session not found: {session_id}")
        if query.get("include_breakout_rooms") != "true":
            session.pop("breakout_rooms", None)
        # The published description wraps this one session, and this one only, in an object.
        return success({"session": session})


def _account_of(worlds: Sequence[World]) -> str:
    accounts = sorted({world.account_id for world in worlds})
    if len(accounts) != 1:
        raise ValueError(f"the worlds are of {len(accounts)} accounts ({', '.join(accounts)}): it must be one")
    return accounts[0]
