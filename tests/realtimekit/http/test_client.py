"""Requests over a real socket: sent, read, parsed, and retried where that helps."""

from __future__ import annotations

import asyncio
import itertools
import re
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

import httpx
import pytest

from etl.errors import FailureKind, GiveUp, Refused, RequestError, TryAgain
from etl.realtimekit.http.responses import ListPage
from etl.realtimekit.http.session import open_session
from etl.settings import ApiSettings
from etl.simulator.app import TOKEN
from etl.values.fetch import IDLE, FetchCounts, Idle
from etl.values.meetings import Meeting
from etl.values.run import RunContext
from tests.conftest import START
from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from etl.realtimekit.http.client import RealtimeKit
    from etl.values.fetch import Payload
    from tests.conftest import Api

    ServeApi = Callable[..., Api]

MEETING = Meeting("app", "meeting")
EMPTY_LIST = b'{"success": true, "data": {"sessions": []}}'
T = TypeVar("T")


def call(
    settings: ApiSettings,
    ask_for: Callable[[RealtimeKit], Awaitable[T]],
    *,
    api: Api | None = None,
    counts: FetchCounts | None = None,
) -> T:
    """Call the API; waiting takes no time."""
    waited = timedelta()

    async def sleep(seconds: float) -> None:
        nonlocal waited
        waited += timedelta(seconds=seconds)
        if api:
            api.clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    async def run() -> T:
        now = api.clock.now if api else lambda: START + waited
        context = RunContext(now=now, sleep=sleep)
        async with open_session(settings, context, counts or FetchCounts()) as session, session.client() as client:
            return await ask_for(client)

    return asyncio.run(run())


def ask(
    settings: ApiSettings, meeting: Meeting, *, api: Api | None = None, counts: FetchCounts | None = None
) -> Payload | Idle:
    """Ask for one meeting."""
    return call(settings, lambda client: client.active_session(meeting), api=api, counts=counts)


def settings_for(base_url: str, **changes: object) -> ApiSettings:
    """Settings of one attempt."""
    known = {"token": "secret-token", "account_id": "account", "attempts": 1}
    return ApiSettings(base_url=base_url, **(known | changes))  # type: ignore[arg-type]  # passed on by name


def failure(settings: ApiSettings) -> RequestError:
    """Ask once, and return the error."""
    with pytest.raises(RequestError) as caught:
        ask(settings, MEETING)
    return caught.value


def test_a_live_meeting_gives_the_session_as_the_api_describes_it(api: Api) -> None:
    """The payload, whole."""
    meeting_id, session = next(iter(api.live().items()))
    assert ask(api.settings(), Meeting(api.world.app_id, meeting_id), api=api) == session


def test_a_meeting_without_a_session_is_idle(api: Api) -> None:
    """A result, not a failure."""
    idle = next(meeting_id for meeting_id in api.world.meeting_ids if meeting_id not in api.live())
    assert ask(api.settings(), Meeting(api.world.app_id, idle), api=api) is IDLE


def test_ids_are_encoded_in_the_path() -> None:
    """An ID stays one step of the path, whatever it holds."""
    with answering(b"{}") as server:
        failure(settings_for(server.base_url, account_id="a~c"))
        with pytest.raises(GiveUp):
            ask(settings_for(server.base_url), Meeting("app?x", "50%#é"))
        with pytest.raises(GiveUp):
            ask(settings_for(server.base_url), Meeting("//elsewhere.example", "https://x"))
    assert server.paths == [
        "/client/v4/accounts/a~c/realtime/kit/app/meetings/meeting/active-session",
        "/client/v4/accounts/account/realtime/kit/app%3Fx/meetings/50%25%23%C3%A9/active-session",
        "/client/v4/accounts/account/realtime/kit/%2F%2Felsewhere.example/meetings/https%3A%2F%2Fx/active-session",
    ]


def test_a_base_url_may_end_with_a_slash() -> None:
    """Its path is not doubled."""
    with answering(b"{}") as server:
        failure(settings_for(f"{server.base_url}/"))
    assert server.paths == ["/client/v4/accounts/account/realtime/kit/app/meetings/meeting/active-session"]


def test_the_list_of_live_sessions_is_asked_for_by_creation_the_oldest_first() -> None:
    """A page is requested by its number, and the app's ID stays one step of the path."""
    with answering(EMPTY_LIST) as server:
        settings = settings_for(server.base_url, page_size=50)
        page = call(settings, lambda client: client.live_sessions("app?x/../y", 3))
    path, _, query = server.paths[0].partition("?")
    assert path == "/client/v4/accounts/account/realtime/kit/app%3Fx%2F..%2Fy/sessions"
    order = [("status", "LIVE"), ("sort_by", "createdAt"), ("sort_order", "ASC")]
    assert parse_qsl(query) == [*order, ("page_no", "3"), ("per_page", "50")]
    assert page == ListPage(entries=[], total=None)


def test_the_list_of_meetings_is_asked_for_page_by_page() -> None:
    """The order of the list is not documented, so that none is requested."""
    with answering(EMPTY_LIST) as server:
        call(settings_for(server.base_url), lambda client: client.meetings("app#1", 1))
    assert server.paths == ["/client/v4/accounts/account/realtime/kit/app%231/meetings?page_no=1&per_page=100"]


def test_a_page_is_what_the_api_lists(api: Api) -> None:
    """Sessions with all their fields, and how many there are in all."""
    settings = api.settings(page_size=7)
    page = call(settings, lambda client: client.live_sessions(api.world.app_id, 2), api=api)
    by_creation = sorted(api.live().values(), key=lambda session: (session["created_at"], session["id"]))
    assert page == ListPage(entries=by_creation[7:14], total=len(by_creation))


def test_a_page_is_tried_again_like_any_request(serve_api: ServeApi) -> None:
    """Its response holds all requests if it says so."""
    api = serve_api(script=["internal_error", "rate_limited"])
    counts = FetchCounts()
    app_id = api.world.app_id
    page = call(api.settings(attempts=3), lambda client: client.live_sessions(app_id, 1), api=api, counts=counts)
    assert len(page.entries) == page.total == len(api.live())
    assert (counts.requests, counts.retries) == (3, 2)
    assert counts.waited_seconds == pytest.approx(1.0)


def test_a_page_may_be_larger_than_a_session_and_has_an_end_too() -> None:
    """A hundred sessions may be more than 1 MiB. More than 16 MiB are too many."""
    for mebibytes, is_page in ((8, True), (17, False)):
        body = EMPTY_LIST + b" " * (mebibytes * 2**20)
        with answering(body) as server:
            settings = settings_for(server.base_url)
            if is_page:
                assert call(settings, lambda client: client.live_sessions("app", 1)).entries == []
            else:
                with pytest.raises(GiveUp, match="over 16777216 bytes"):
                    call(settings, lambda client: client.live_sessions("app", 1))


def test_a_request_says_who_asks_and_nothing_superfluous() -> None:
    """The headers are the token, the tool's name and version, and no wish for compression."""
    with answering(b"{}") as server:
        failure(settings_for(server.base_url))
    headers = server.headers[0]
    assert headers["authorization"] == "Bearer secret-token"
    assert headers["user-agent"].startswith("realtimekit-usage/")
    assert headers["accept-encoding"] == "identity"
    assert headers["host"] == server.base_url.split("/")[2]


def test_a_redirect_is_not_followed() -> None:
    """A redirect would carry the token to another server."""
    with answering(b"", status=302, headers={"Location": "http://127.0.0.1:1/"}) as server:
        error = failure(settings_for(server.base_url))
    assert (error.kind, error.http_status, len(server.paths)) == (FailureKind.MALFORMED, 302, 1)


def test_faults_that_pass_are_tried_again(serve_api: ServeApi) -> None:
    """Each fault that another attempt mends, one after the other."""
    faults = ["dropped", "internal_error", "bad_gateway_html", "edge_timeout", "cut_body", "rate_limited"]
    api = serve_api(script=faults)
    counts = FetchCounts()
    meeting = Meeting(api.world.app_id, api.world.meeting_ids[0])
    answer = ask(api.settings(attempts=7), meeting, api=api, counts=counts)
    assert isinstance(answer, dict | Idle)
    assert (counts.requests, counts.retries) == (7, 6)


@pytest.mark.parametrize("fault", ["not_json", "not_object", "empty_body"])
def test_what_stands_in_for_an_answer_is_tried_again(serve_api: ServeApi, fault: str) -> None:
    """HTML, nothing, or JSON that is not an object, with status 200, passes like a 502."""
    api = serve_api(script=[fault] * 4)
    counts = FetchCounts()
    assert isinstance(
        ask(api.settings(), Meeting(api.world.app_id, api.world.meeting_ids[0]), api=api, counts=counts), dict | Idle
    )
    assert (counts.requests, counts.retries) == (5, 4)


def test_json_that_is_cut_short_is_tried_again() -> None:
    """At any byte of a page."""
    whole = b'{"success": true, "data": {"sessions": []}, "paging": {"total_count": 0}}'
    for length in range(len(whole)):
        asked: list[str] = []

        def body(path: str, asked: list[str] = asked, length: int = length) -> bytes:
            asked.append(path)
            return whole[:length] if len(asked) == 1 else whole

        with answering(body) as server:
            page = call(settings_for(server.base_url, attempts=2), lambda client: client.live_sessions("app", 1))
        assert (page, len(asked)) == (ListPage(entries=[], total=0), 2)


@pytest.mark.parametrize("attempts", [1, 3])
def test_after_the_last_attempt_the_error_is_the_last_one(serve_api: ServeApi, attempts: int) -> None:
    """There are as many requests as attempts, and the error is that of the last."""
    api = serve_api(script=itertools.repeat("internal_error"))
    with pytest.raises(TryAgain, match="HTTP 500: Internal server error"):
        ask(api.settings(attempts=attempts), MEETING, api=api)
    assert api.app.state.requests == attempts


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        ("no_route", GiveUp, FailureKind.NOT_FOUND),
        ("unknown_meeting", GiveUp, FailureKind.NOT_FOUND),
        ("success_false", GiveUp, FailureKind.MALFORMED),
        ("too_large", GiveUp, FailureKind.MALFORMED),
    ],
)
def test_faults_that_stay_are_not_tried_again(
    serve_api: ServeApi, fault: str, error: type[RequestError], kind: FailureKind
) -> None:
    """One request, and an error whose type says what happens next."""
    api = serve_api(script=itertools.repeat(fault))
    with pytest.raises(error) as caught:
        ask(api.settings(attempts=5), MEETING, api=api)
    assert (caught.value.kind, api.app.state.requests) == (kind, 1)


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        ("authentication", Refused, FailureKind.UNAUTHORIZED),
        ("malformed_token", Refused, FailureKind.UNAUTHORIZED),
        ("missing_scope", Refused, FailureKind.UNAUTHORIZED),
        ("forbidden", Refused, FailureKind.UNAUTHORIZED),
        ("forbidden_by_realtimekit", GiveUp, FailureKind.FORBIDDEN),
    ],
)
def test_a_refusal_is_confirmed_by_a_second_request(
    serve_api: ServeApi, fault: str, error: type[RequestError], kind: FailureKind
) -> None:
    """The number of attempts does not matter. A refusal that passes is not an error."""
    for attempts in (1, 5):
        api = serve_api(script=itertools.repeat(fault))
        with pytest.raises(error) as caught:
            ask(api.settings(attempts=attempts), MEETING, api=api)
        assert (caught.value.kind, api.app.state.requests) == (kind, 2)
        api = serve_api(script=[fault])
        meeting = Meeting(api.world.app_id, api.world.meeting_ids[0])
        assert isinstance(ask(api.settings(attempts=attempts), meeting, api=api), dict | Idle)


def test_an_answer_that_does_not_end_in_time_is_a_time_out(serve_api: ServeApi) -> None:
    """The time-out bounds the whole response."""
    api = serve_api(script=itertools.repeat("slow"))
    error = failure(settings_for(api.base_url, timeout=timedelta(seconds=0.2)))
    assert (error.kind, error.message) == (FailureKind.TIMEOUT, "no answer within 0.2 s")


def test_an_answer_that_trickles_is_a_time_out_too() -> None:
    """A byte now and then does not extend the time-out."""
    with answering(b"x" * 50, seconds_a_byte=0.05) as server:
        error = failure(settings_for(server.base_url, timeout=timedelta(seconds=0.3)))
    assert error.kind is FailureKind.TIMEOUT


@pytest.mark.parametrize("fault", ["dropped", "cut_body"])
def test_a_connection_that_breaks_is_a_connection_failure(serve_api: ServeApi, fault: str) -> None:
    """A connection may break before the response or in the middle of it."""
    api = serve_api(script=itertools.repeat(fault))
    error = failure(settings_for(api.base_url, token=TOKEN))
    assert error.kind is FailureKind.CONNECTION
    assert error.message.startswith(f"no answer from {api.base_url}: ")


def test_a_server_that_is_not_there_is_a_connection_failure() -> None:
    """No server listens at this port."""
    with answering(b"") as server:
        gone = server.base_url
    error = failure(settings_for(gone))
    assert (error.kind, error.message) == (FailureKind.CONNECTION, f"no answer from {gone}: Connection refused")


def test_a_host_without_an_address_is_a_connection_failure() -> None:
    """The text of the resolver is quoted: its numbers are not those of the system."""
    error = failure(settings_for(f"https://{'a' * 63}.invalid/v4"))
    assert error.kind is FailureKind.CONNECTION
    assert re.fullmatch(r"no answer from https://a{63}\.invalid/v4: \[Errno -\d+\] .*", error.message)


def test_a_server_that_does_not_speak_http_is_a_connection_failure() -> None:
    """Something else listens at this port."""
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", is_raw=True) as server:
        assert failure(settings_for(server.base_url)).kind is FailureKind.CONNECTION


def test_a_body_without_end_is_not_read_to_the_end() -> None:
    """A body over 1 MiB is malformed, and its beginning is quoted."""
    with answering(b"y" * 5_000_000) as server:
        error = failure(settings_for(server.base_url))
    assert error.kind is FailureKind.MALFORMED
    assert error.message == "HTTP 200, over 1048576 bytes: '" + "y" * 200 + "'"


def test_a_token_that_an_answer_quotes_is_not_kept() -> None:
    """The token is replaced, since messages end up in logs and tables."""
    body = b'{"success": false, "error": {"code": 404, "message": "Bearer secret-token is unknown"}}'
    with answering(body, status=404) as server:
        error = failure(settings_for(server.base_url))
    assert error.message.endswith("Bearer [token] is unknown")


def test_a_pause_after_429_holds_other_requests_too(serve_api: ServeApi) -> None:
    """The budget is shared: no request is sent while it is paused."""
    api = serve_api(script=["rate_limited"])
    counts = FetchCounts()
    ask(api.settings(attempts=2), Meeting(api.world.app_id, api.world.meeting_ids[0]), api=api, counts=counts)
    assert counts.waited_seconds == pytest.approx(1.0)
    assert api.clock.now() >= START + timedelta(seconds=1)


@pytest.mark.parametrize("location", ["mailto:x", "http:foo", "http://a\x01b", "http://1.2.3.4:x/", ":::", "/login"])
def test_a_redirect_is_not_parsed(location: str) -> None:
    """Whatever its target is, it is a response like any other: not tried again, and the end of no run."""
    with answering(b"moved", status=302, headers={"Location": location}) as server:
        error = failure(settings_for(server.base_url, attempts=3))
    assert (error.kind, error.http_status, len(server.paths)) == (FailureKind.MALFORMED, 302, 1)


@pytest.mark.parametrize("session_id", ["x" * 70_000, "x\ud800"])
def test_an_id_that_no_url_can_hold_is_a_failure_and_not_asked_for(session_id: str) -> None:
    """The IDs of sessions are the API's, and a URL of httpx has at most 65,536 characters."""
    with answering(b"{}") as server, pytest.raises(GiveUp) as caught:
        call(settings_for(server.base_url), lambda client: client.session("app", session_id))
    assert (caught.value.kind, server.paths) == (FailureKind.INVALID_ID, [])


@pytest.mark.filterwarnings("error")
def test_a_cookie_that_is_not_valid_is_ignored() -> None:
    """Nothing of it is printed."""
    body, cookie = (
        b'{"success": true, "data": {"id": "session"}}',
        "a=b; expires=Mon, 99 Foo 99999 99:99:99 GMT; version=1",
    )
    with answering(body, headers={"Set-Cookie2": cookie, "Set-Cookie": cookie}) as server:
        assert ask(settings_for(server.base_url), MEETING) == {"id": "session"}


@pytest.mark.parametrize("error", [ValueError("label too long"), ExceptionGroup("", [OverflowError("label too long")])])
def test_every_error_of_a_library_is_a_failed_connection(error: Exception) -> None:
    """One that is not httpx's own, too: the meeting fails, and the run goes on."""

    def respond(_request: httpx.Request) -> httpx.Response:
        raise error

    async def run() -> None:
        context = RunContext(now=lambda: START, sleep=asyncio.sleep, transport=httpx.MockTransport(respond))
        settings = settings_for("https://api.example")
        async with open_session(settings, context, FetchCounts()) as session, session.client() as client:
            await client.active_session(MEETING)

    with pytest.raises(TryAgain, match=r"no answer from https://api\.example: label too long") as caught:
        asyncio.run(run())
    assert caught.value.kind is FailureKind.CONNECTION


@pytest.mark.parametrize("size", [9_000, 60_000])
def test_a_long_header_of_a_good_answer_is_no_failure(size: int) -> None:
    """Cookies, security policies and traces of a proxy may be long."""
    with answering(b'{"success": true, "data": {"id": "session"}}', headers={"X-Long": "a" * size}) as server:
        assert ask(settings_for(server.base_url), MEETING) == {"id": "session"}


@pytest.mark.parametrize("base_url", ["http://[::1]:9/client/v4", "http://localhost:9", "http://127.0.0.1:0"])
def test_an_address_where_nothing_listens_is_a_failed_connection(base_url: str) -> None:
    """An IPv6 address, a name and a port that does not exist: none of them ends in an exception of a library."""
    error = failure(settings_for(base_url))
    assert (type(error), error.kind) == (TryAgain, FailureKind.CONNECTION)


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"Retry-After": "7.5"}, [7.5, 7.5]),
        ({"Retry-After": format_datetime(START + timedelta(seconds=20), usegmt=True)}, [20.0, 1.0]),
        ({}, [1.0, 2.0]),
    ],
)
def test_a_429_is_waited_for_as_its_retry_after_says(headers: dict[str, str], least: list[float]) -> None:
    """A decimal counts, and so does a date without the clock of the server. Without either, each wait is longer."""
    counts = FetchCounts()
    with answering(b"", status=429, headers=headers) as server, pytest.raises(TryAgain):
        ask(settings_for(server.base_url, attempts=3), MEETING, counts=counts)
    assert sum(least) <= counts.waited_seconds <= sum(least) + 12
