"""Responses about ended sessions and daily totals, and the requests for them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from etl.errors import FailureKind, GiveUp, Refused, RequestError, TryAgain
from etl.realtimekit.http.responses import parse_daily_totals, parse_session
from tests.conftest import START
from tests.realtimekit.bodies import HTML, SESSION, STAND_INS, body, gateway, response, room, success
from tests.realtimekit.http.test_client import EMPTY_LIST, call, settings_for
from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Api

DAYS = {"session_stats": {"day_stats": [{"day": "2026-11-01", "total_sessions": 1, "total_session_minutes": 2.5}]}}


def failure(parse: Callable[..., object], status: int, content: bytes) -> RequestError:
    """Parse a response, and return its error."""
    with pytest.raises(RequestError) as caught:
        parse(response(status, content))
    return caught.value


@pytest.mark.parametrize("data", [SESSION, {"session": SESSION}])
def test_a_session_comes_as_it_is_or_wrapped(data: dict[str, Any]) -> None:
    """Two descriptions contradict each other."""
    assert parse_session(response(200, success(data))) == SESSION


def test_days_are_the_entries_of_the_totals_of_sessions() -> None:
    """The entries are returned as they are."""
    assert parse_daily_totals(response(200, success(DAYS))) == DAYS["session_stats"]["day_stats"]
    assert parse_daily_totals(response(200, success({"session_stats": {"day_stats": []}}))) == []


NOTHING = [
    *map(success, [None, "x", 1, [], {}]),
    body({"success": False, "data": {**DAYS, "session": SESSION}}),
    body({"success": True, "errors": [], "messages": [], "result": {}}),
    body([]),
    HTML,
    b"",
]
NO_SESSIONS = [*NOTHING, *map(success, [{"session": None}, {"session": {}}, {"session": [SESSION]}])]
NO_DAYS = [
    *NOTHING,
    *map(success, [{"session_stats": []}, {"session_stats": {}}, {"session_stats": {"day_stats": {}}}]),
]


@pytest.mark.parametrize(
    ("parse", "content"),
    [*((parse_session, content) for content in NO_SESSIONS), *((parse_daily_totals, content) for content in NO_DAYS)],
)
def test_a_success_without_what_was_asked_for_is_malformed(parse: Callable[..., object], content: bytes) -> None:
    """Nothing is taken for a session without figures, or for days without any."""
    error = failure(parse, 200, content)
    decision = TryAgain if content in STAND_INS else GiveUp
    assert (type(error), error.kind, error.http_status) == (decision, FailureKind.MALFORMED, 200)


@pytest.mark.parametrize("parse", [parse_session, parse_daily_totals])
@pytest.mark.parametrize(
    ("status", "content", "decision", "kind"),
    [
        (404, room(404, "Session not found: x"), GiveUp, "not_found"),
        (404, room(404, "No active session found for meeting_id x"), GiveUp, "not_found"),
        (404, gateway(7003, "Could not route"), GiveUp, "not_found"),
        (400, room(400, "no range"), GiveUp, "malformed"),
        (401, HTML, Refused, "unauthorized"),
        (403, room(403, "Forbidden"), GiveUp, "forbidden"),
        (429, gateway(971, "Please slow down"), TryAgain, "rate_limited"),
        (502, HTML, TryAgain, "server_error"),
    ],
)
def test_other_answers_fail_as_everywhere(
    parse: Callable[..., object], status: int, content: bytes, decision: type[RequestError], kind: str
) -> None:
    """The type of the error says what happens next."""
    error = failure(parse, status, content)
    assert (type(error), error.kind, error.http_status) == (decision, FailureKind(kind), status)


def test_ended_sessions_are_asked_for_by_creation_since_an_instant() -> None:
    """In UTC, whatever zone the instant is in."""
    with answering(EMPTY_LIST) as server:
        settings = settings_for(server.base_url, page_size=50)
        since = datetime(2026, 11, 2, 1, 30, tzinfo=timezone(timedelta(hours=2)))
        call(settings, lambda client: client.ended_sessions("app?x", 3, since))
    path, _, query = server.paths[0].partition("?")
    assert path == "/client/v4/accounts/account/realtime/kit/app%3Fx/sessions"
    assert dict(parse_qsl(query)) == {
        "status": "ENDED",
        "start_time": "2026-11-01T23:30:00.000Z",
        "sort_by": "createdAt",
        "sort_order": "ASC",
        "page_no": "3",
        "per_page": "50",
    }


@pytest.mark.parametrize("fault", ["ok", "wrapped_session"])
def test_one_session_is_asked_for_by_its_id(serve_api: Callable[..., Api], fault: str) -> None:
    """Breakout rooms are included, as in a list: the same session must give the same row, wrapped or not."""
    api = serve_api(script=repeat(fault))
    now = api.clock.now()
    for one in api.world.sessions(now, since=START - timedelta(hours=2)):
        payload = call(api.settings(), lambda client: client.session(api.world.app_id, one.id), api=api)  # noqa: B023  # called at once
        assert payload == api.world.session(one.id, now)


def test_ids_stay_one_step_of_the_path() -> None:
    """Whatever they hold."""
    with answering(success(SESSION)) as server:
        call(settings_for(server.base_url), lambda client: client.session("a?b", "../x#"))
    path = "/client/v4/accounts/account/realtime/kit/a%3Fb/sessions/..%2Fx%23?include_breakout_rooms=true"
    assert server.paths == [path]


def test_days_are_asked_for_from_first_to_last() -> None:
    """Both included, as dates."""
    with answering(success(DAYS)) as server:
        days = call(
            settings_for(server.base_url),
            lambda client: client.daily_totals("app", date(2026, 11, 1), date(2026, 11, 30)),
        )
    assert server.paths == [
        "/client/v4/accounts/account/realtime/kit/app/analytics/daywise?start_date=2026-11-01&end_date=2026-11-30"
    ]
    assert days == DAYS["session_stats"]["day_stats"]
