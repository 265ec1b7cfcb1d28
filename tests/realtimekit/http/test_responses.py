from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.errors import FailureKind, GiveUp, Refused, RequestError, TryAgain
from etl.realtimekit.http.responses import MAX_BODY_BYTES, parse_active_session, printable, quote_body, retry_after
from etl.values.fetch import IDLE
from tests.realtimekit.bodies import ANY_BODY, HTML, NO_SESSION, SESSION, body, gateway, response, room, success

if TYPE_CHECKING:
    from collections.abc import Mapping


def failure(status: int, content: bytes, headers: Mapping[str, str] | None = None) -> RequestError:
    """Classify an answer that must be a failure."""
    with pytest.raises(RequestError) as caught:
        parse_active_session(response(status, content, headers or {}))
    return caught.value


# Results


def test_a_success_is_its_data() -> None:
    """The session as the API sent it, whole; its own fields are judged elsewhere."""
    data = SESSION | {"unknown": {"a": [1, None]}}
    assert parse_active_session(response(200, success(data))) == data


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/html"}, {"content-length": "1"}])
def test_the_body_alone_says_what_an_answer_is(headers: dict[str, str]) -> None:
    """Headers that describe it wrongly change nothing."""
    assert parse_active_session(response(200, success(SESSION), headers)) == SESSION


def test_a_code_in_the_messages_of_a_success_is_no_error() -> None:
    """10000 stands in `messages` of a good answer; only `errors` counts."""
    content = success(SESSION, errors=[], messages=[{"code": 10000, "message": "This API Token is valid and active"}])
    assert parse_active_session(response(200, content)) == SESSION


@pytest.mark.parametrize("message", [NO_SESSION, "No active session found"])
def test_no_active_session_is_idle(message: str) -> None:
    """A 404 whose `error` says so is a result, not a failure."""
    assert parse_active_session(response(404, room(404, message), {"cf-ray": "8f"})) is IDLE


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (404, room(404, "Meeting not found")),
        (404, room(404, f"Oops: {NO_SESSION}")),
        (404, room(404, NO_SESSION.lower())),
        (404, room(404, None)),
        (404, room(404, [NO_SESSION])),
        (404, gateway(404, NO_SESSION)),
        (404, gateway(7003, "Could not route to /accounts/x")),
        (404, body({"success": False, "message": NO_SESSION})),
        (404, body({"success": False, "error": NO_SESSION})),
        (404, body([{"error": {"message": NO_SESSION}}])),
        (404, NO_SESSION.encode()),
        (404, HTML),
        (404, b""),
        (200, room(404, NO_SESSION)),
        (400, room(404, NO_SESSION)),
        (403, room(404, NO_SESSION)),
        (410, room(404, NO_SESSION)),
        (500, room(404, NO_SESSION)),
    ],
)
def test_nothing_else_is_idle(status: int, content: bytes) -> None:
    """Another 404 is a mistake in the configuration or an unknown meeting: it must not count as "nobody there"."""
    assert isinstance(failure(status, content), RequestError)


def test_a_name_with_a_byte_that_is_not_utf_8_costs_a_character() -> None:
    """The rest of the session is kept."""
    content = b'{"success": true, "data": {"id": "s1", "meeting_display_name": "Caf\xe9"}}'
    assert parse_active_session(response(200, content)) == {"id": "s1", "meeting_display_name": "Caf\ufffd"}


def test_a_body_may_begin_with_a_byte_order_mark() -> None:
    """UTF-8 needs none, and some servers write it."""
    assert parse_active_session(response(200, b"\xef\xbb\xbf" + success(SESSION))) == SESSION


# Failures


@pytest.mark.parametrize(
    ("status", "content", "decision", "kind"),
    [
        # another address, or another meeting
        (404, room(404, "Meeting not found"), GiveUp, "not_found"),
        (404, gateway(7003, "Could not route"), GiveUp, "not_found"),
        (404, gateway(404, NO_SESSION), GiveUp, "not_found"),
        (404, HTML, GiveUp, "not_found"),
        (404, b"", GiveUp, "not_found"),
        # the token
        (400, gateway(6003, "Invalid request headers", 6111), Refused, "unauthorized"),
        (400, gateway(6003, "Invalid request headers", 6103), Refused, "unauthorized"),
        *(
            (status, gateway(code), Refused, "unauthorized")
            for status in (200, 400, 403)
            for code in (6003, 6103, 6111)
        ),
        (401, gateway(10000, "Authentication error"), Refused, "unauthorized"),
        (403, gateway(10000, "Authentication error"), Refused, "unauthorized"),
        (403, gateway(9109, "Unauthorized to access requested resource"), Refused, "unauthorized"),
        (401, room(401, "Unauthorized"), Refused, "unauthorized"),
        (401, HTML, Refused, "unauthorized"),
        (401, b"", Refused, "unauthorized"),
        (200, gateway(10000, "Authentication error"), Refused, "unauthorized"),
        # this meeting or this app only
        (403, room(403, "Forbidden"), GiveUp, "forbidden"),
        (403, gateway(1020, "Access denied"), GiveUp, "forbidden"),
        (403, HTML, GiveUp, "forbidden"),
        # the limit
        (429, gateway(971, "Please slow down"), TryAgain, "rate_limited"),
        (429, gateway(10000, "Authentication error"), TryAgain, "rate_limited"),
        (429, room(429, "Too many requests"), TryAgain, "rate_limited"),
        (429, HTML, TryAgain, "rate_limited"),
        (429, b"", TryAgain, "rate_limited"),
        (200, gateway(971, "Please slow down"), TryAgain, "rate_limited"),
        (400, gateway(971, "Please slow down"), TryAgain, "rate_limited"),
        # what passes
        (408, b"", TryAgain, "timeout"),
        (425, b"", TryAgain, "server_error"),
        (500, room(500, "Internal"), TryAgain, "server_error"),
        (500, gateway(10000, "Authentication error"), TryAgain, "server_error"),
        (502, HTML, TryAgain, "server_error"),
        (503, b"", TryAgain, "server_error"),
        (504, success(SESSION), TryAgain, "server_error"),
        (520, HTML, TryAgain, "server_error"),
        (530, b"error code: 1016", TryAgain, "server_error"),
        (599, b"\xff", TryAgain, "server_error"),
        # something that stands in for the answer
        (200, body([]), TryAgain, "malformed"),
        (200, body("x"), TryAgain, "malformed"),
        (200, b"null", TryAgain, "malformed"),
        (200, HTML, TryAgain, "malformed"),
        (200, b"", TryAgain, "malformed"),
        (200, success(SESSION)[:-1], TryAgain, "malformed"),
        (200, b'{"success": true, "data": ' + b"[" * 100_000, TryAgain, "malformed"),
        (200, b'{"success": true, "data": {"n": ' + b"9" * 5000 + b"}}", TryAgain, "malformed"),
        # not what was asked for
        (200, body({"success": False, "data": SESSION}), GiveUp, "malformed"),
        (200, room(500, "Internal"), GiveUp, "malformed"),
        (200, body({"success": "true", "data": SESSION}), GiveUp, "malformed"),
        (200, body({"success": 1, "data": SESSION}), GiveUp, "malformed"),
        (200, body({"data": SESSION}), GiveUp, "malformed"),
        (200, body({"success": True, "result": SESSION}), GiveUp, "malformed"),
        (200, body({"success": True, "errors": [], "messages": [], "result": None}), GiveUp, "malformed"),
        (200, success(None), GiveUp, "malformed"),
        (200, success([SESSION]), GiveUp, "malformed"),
        (200, success("s1"), GiveUp, "malformed"),
        (200, body(SESSION), GiveUp, "malformed"),
        (201, success(SESSION), GiveUp, "malformed"),
        (204, b"", GiveUp, "malformed"),
        (301, HTML, GiveUp, "malformed"),
        (302, success(SESSION), GiveUp, "malformed"),
        (400, room(400, "Bad request"), GiveUp, "malformed"),
        (400, gateway(7000, "No route"), GiveUp, "malformed"),
        (418, b"", GiveUp, "malformed"),
    ],
)
def test_what_an_answer_means(status: int, content: bytes, decision: type[RequestError], kind: str) -> None:
    """The decision (again, note it, end the run) and the kind follow from status and body."""
    error = failure(status, content)
    assert (type(error), error.kind, error.http_status) == (decision, FailureKind(kind), status)


def test_a_body_of_a_mebibyte_is_read_and_one_byte_more_is_not() -> None:
    """The size is bounded; a good answer is a kilobyte."""
    content = success(SESSION)
    content += b" " * (MAX_BODY_BYTES - len(content))
    assert parse_active_session(response(200, content)) == SESSION
    error = failure(200, content + b" ")
    assert (type(error), error.kind) == (GiveUp, FailureKind.MALFORMED)
    assert error.message.startswith("HTTP 200, over 1048576 bytes: ")


def test_an_oversized_404_is_not_idle() -> None:
    """A body that was not read to its end is not parsed."""
    assert failure(404, room(404, NO_SESSION) + b" " * MAX_BODY_BYTES).kind is FailureKind.NOT_FOUND


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (gateway(7003, "Could not route"), "no such address (a wrong account, app or base URL): Could not route"),
        (room(7003, "Could not route"), "no such address (a wrong account, app or base URL): Could not route"),
        (HTML, "no such address (a wrong account, app or base URL): '<!DOCTYPE"),
        (room(404, "Meeting not found"), "an unknown meeting or app: Meeting not found"),
    ],
)
def test_a_404_says_where_to_look(content: bytes, advice: str) -> None:
    """A wrong address and an unknown meeting are mended in different places."""
    assert advice in failure(404, content).message


# The details of a failure


def test_a_failure_keeps_what_the_api_said() -> None:
    """The error has its code, its message, the ray that Cloudflare's support asks for, and how long to wait."""
    error = failure(429, gateway(971, "Please slow down"), {"cf-ray": "8f2a-FRA", "retry-after": "12"})
    assert (error.api_code, error.cf_ray, error.retry_after) == (971, "8f2a-FRA", 12.0)
    assert error.message == "HTTP 429: Please slow down"


def test_the_message_has_the_first_of_several_errors() -> None:
    """The gateway puts the cause first."""
    content = body({"success": False, "errors": [{"code": 9109, "message": "first"}, {"code": 1, "message": "second"}]})
    assert (failure(403, content).api_code, failure(403, content).message) == (9109, "HTTP 403: first")


@pytest.mark.parametrize("code", [None, "404", 404.5, [404], {"a": 1}, 2**31, -(2**31), 10**400, True])
def test_a_code_that_is_no_small_whole_number_is_none(code: object) -> None:
    """A code that the table of failures can't hold is left out; the message remains."""
    error = failure(404, room(code, "Meeting not found"))
    assert error.api_code is None
    assert "Meeting not found" in error.message


@pytest.mark.parametrize("errors", [[], {}, "x", 1, [None], ["x"], [[]], [{}], [{"code": "x", "message": 1}]])
def test_errors_of_another_shape_are_no_code(errors: object) -> None:
    """The status still decides; the beginning of the body is quoted."""
    error = failure(403, body({"errors": errors}))
    assert (error.kind, error.api_code) == (FailureKind.FORBIDDEN, None)
    assert '{"errors":' in error.message


@pytest.mark.parametrize("status", [200, 400, 404, 502])
def test_a_failure_without_a_message_quotes_200_characters(status: int) -> None:
    """Enough to recognise a page, not enough to fill a disk."""
    message = failure(status, b"<" + b"x" * 5000).message
    assert message.endswith(f": '<{'x' * 199}'")


def test_characters_are_quoted_not_bytes() -> None:
    """A multi-byte character counts as one, and is not cut in two."""
    assert quote_body(("\N{GRINNING FACE}" * 500).encode()) == "\N{GRINNING FACE}" * 200
    assert quote_body(b"a\xffb") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_message_of_the_api_is_cut_too() -> None:
    """Whoever sends it."""
    assert len(failure(403, room(403, "x" * 5000)).message) == len("HTTP 403: ") + 200


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\r\n", "\x00", "\x7f", "\x9b", "\N{RIGHT-TO-LEFT OVERRIDE}", "\ud800"])
def test_no_terminal_obeys_what_an_answer_says(hostile: str) -> None:
    """Whatever can't be printed becomes a space, and everything kept is UTF-8."""
    for content in (room(403, f"a{hostile}b"), f"a{hostile}b".encode(errors="surrogatepass")):
        message = failure(403, content).message
        assert message.isprintable()
        assert message.encode()
    assert printable("a\x1bb\n") == "a b "


# Retry-After

DATE = {"date": "Mon, 23 Nov 2026 12:00:00 GMT"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 120 ", 120),
        ("86400", 86400),
        ("999999999", 999_999_999),
        ("1.5", 1.5),
        ("0.25", 0.25),
        ("30.000", 30),
    ],
)
def test_retry_after_is_a_number_of_seconds(value: str, seconds: float) -> None:
    """Cloudflare sends whole seconds, and other servers decimals; the retry policy limits them."""
    assert retry_after({"retry-after": value}) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 13:00:30 +0100", 30),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_may_be_a_date_held_against_the_server_s_own(value: str, seconds: float) -> None:
    """The clock of this machine may be wrong. A date that has passed is a wait of zero."""
    assert retry_after(DATE | {"retry-after": value}) == seconds


@pytest.mark.parametrize("date", [{}, {"date": "today"}])
def test_without_a_date_of_the_server_the_instant_of_arrival_takes_its_place(date: dict[str, str]) -> None:
    """A clock that may be wrong is better than none."""
    headers = date | {"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}
    assert retry_after(headers, datetime(2026, 11, 23, 12, 0, 10, tzinfo=UTC)) == 20


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": ""},
        {"retry-after": "1."},
        {"retry-after": ".5"},
        {"retry-after": "1.5.5"},
        {"retry-after": "1,5"},
        {"retry-after": "nan"},
        {"retry-after": "-1"},
        {"retry-after": "1e3"},
        {"retry-after": "soon"},
        {"retry-after": "9999999999"},
        {"retry-after": "\N{ARABIC-INDIC DIGIT ONE}"},
        {"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"},
        {"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT", "date": "today"},
        DATE | {"retry-after": "Mon, 23 Nov 2026 12:00:30 -0000"},
        DATE | {"retry-after": "Mon, 99 Nov 2026 12:00:30 GMT"},
        DATE | {"retry-after": "Mon, 23 Nov 99999999999999999999 12:00:30 GMT"},
        DATE | {"retry-after": "Mon, 23 Nov 2026 12:00:30 +99999999999999999999"},
        {"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT", "date": "Mon, 23 Nov 2026 99999999999999999999:00:00 GMT"},
    ],
)
def test_a_retry_after_that_can_not_be_read_is_none(headers: dict[str, str]) -> None:
    """A guess would be worse: the policy has a wait of its own."""
    assert retry_after(headers) is None


# Properties

HEADER_VALUES = st.text(st.characters(max_codepoint=255), max_size=40) | st.from_regex(
    r"\A[A-Z][a-z]{2}, [0-9]{1,3} Nov [0-9]{1,25} [0-9]{1,25}:00:00 (GMT|[+-][0-9]{1,25})\Z"
)


@given(
    st.integers(100, 599), st.dictionaries(st.sampled_from(["retry-after", "date", "cf-ray"]), HEADER_VALUES), ANY_BODY
)
@example(429, {"retry-after": "1, 1", "date": "x"}, b"")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
def test_every_answer_is_a_session_idle_or_a_failure(status: int, headers: dict[str, str], content: bytes) -> None:
    """Any response gives one of the three, and the message can be logged and stored."""
    answer = understood(status, headers, content)
    if isinstance(answer, RequestError):
        assert answer.message.isprintable()
        assert len(answer.message) < 1000
        assert answer.retry_after is None or answer.retry_after >= 0
    else:
        assert (answer is IDLE and status == 404) or (isinstance(answer, dict) and status == 200)


def understood(status: int, headers: dict[str, str], content: bytes) -> object:
    """Parse a response; an error is returned like a result."""
    try:
        return parse_active_session(response(status, content, headers))
    except RequestError as error:
        return error
