"""Responses with a page of a list: its entries and total, or the same errors as for a meeting."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import FailureKind, GiveUp, Refused, RequestError, TryAgain
from etl.realtimekit.http.responses import MAX_PAGE_BYTES, ListPage, parse_page
from tests.realtimekit.bodies import (
    ANY_BODY,
    ANY_JSON,
    HTML,
    NO_SESSION,
    SESSION,
    STAND_INS,
    body,
    gateway,
    response,
    room,
    success,
)

LISTS = st.builds(lambda data, paging: success(data, paging=paging), st.lists(ANY_JSON), ANY_JSON)


def page_failure(status: int, content: bytes) -> RequestError:
    """Classify a page that must be a failure."""
    with pytest.raises(RequestError) as caught:
        parse_page(response(status, content))
    return caught.value


@pytest.mark.parametrize("entries", [[], [SESSION], [SESSION, None, "x", [], {}]])
def test_a_page_is_its_entries_whatever_they_are(entries: list[Any]) -> None:
    """They are `data` itself or under `sessions`, and returned as they are."""
    paging = {"total_count": 7, "start_offset": 1, "end_offset": 1}
    for data in (entries, {"sessions": entries}, {"sessions": entries, "more": 1}):
        assert parse_page(response(200, success(data, paging=paging))) == ListPage(entries=entries, total=7)


@pytest.mark.parametrize(
    "paging",
    [
        *(None, [], "x", 7, {}),
        *({"total_count": total} for total in (None, "7", 7.0, -1, True, [7], {"a": 7})),
    ],
)
def test_a_count_that_is_none_is_as_good_as_missing(paging: object) -> None:
    """A total that is not valid counts as missing."""
    assert parse_page(response(200, success([SESSION], paging=paging))) == ListPage(entries=[SESSION], total=None)
    assert parse_page(response(200, success([SESSION]))) == ListPage(entries=[SESSION], total=None)


@pytest.mark.parametrize("total", [0, 1, 10**30])
def test_any_whole_number_is_a_count(total: int) -> None:
    """The reader of the list checks it."""
    assert parse_page(response(200, success([SESSION], paging={"total_count": total}))).total == total


@pytest.mark.parametrize(
    "content",
    [
        *map(success, [None, "x", 1, {}, {"sessions": None}, {"sessions": {"a": 1}}, {"session": []}]),
        body({"success": True, "sessions": []}),
        body({"success": True, "errors": [], "messages": [], "result": []}),
        body({"success": False, "data": []}),
        body([]),
        HTML,
        b"",
    ],
)
def test_a_success_without_a_list_is_no_page(content: bytes) -> None:
    """An empty list says that nobody is live: nothing else may be taken for it."""
    error = page_failure(200, content)
    decision = TryAgain if content in STAND_INS else GiveUp
    assert (type(error), error.kind, error.http_status) == (decision, FailureKind.MALFORMED, 200)


@pytest.mark.parametrize(
    ("status", "content", "decision", "kind"),
    [
        (404, room(404, NO_SESSION), GiveUp, "not_found"),
        (404, gateway(7003, "Could not route"), GiveUp, "not_found"),
        (400, room(400, "sort_by must be name"), GiveUp, "malformed"),
        (400, gateway(6003, "Invalid request headers", 6111), Refused, "unauthorized"),
        (401, HTML, Refused, "unauthorized"),
        (403, room(403, "Forbidden"), GiveUp, "forbidden"),
        (429, gateway(971, "Please slow down"), TryAgain, "rate_limited"),
        (500, success([SESSION]), TryAgain, "server_error"),
        (201, success([SESSION]), GiveUp, "malformed"),
    ],
)
def test_a_page_fails_as_a_session_does(status: int, content: bytes, decision: type[RequestError], kind: str) -> None:
    """The response for a meeting without a session is not valid for a list."""
    error = page_failure(status, content)
    assert (type(error), error.kind, error.http_status) == (decision, FailureKind(kind), status)


def test_a_page_of_sixteen_mebibytes_is_read_and_one_byte_more_is_not() -> None:
    """Room for a hundred sessions and more, each with breakout rooms."""
    content = success([SESSION])
    content += b" " * (MAX_PAGE_BYTES - len(content))
    assert parse_page(response(200, content)).entries == [SESSION]
    assert page_failure(200, content + b" ").message.startswith("HTTP 200, over 16777216 bytes: ")


@given(st.integers(100, 599), ANY_BODY | ANY_JSON.map(success) | LISTS)
def test_every_answer_is_a_page_or_a_failure(status: int, content: bytes) -> None:
    """Whatever is sent: a list and perhaps a count, or an error that can be logged and stored."""
    answer = understood(status, content)
    if isinstance(answer, RequestError):
        assert answer.message.isprintable()
    else:
        assert status == 200
        assert isinstance(answer.entries, list)
        assert answer.total is None or answer.total >= 0


def understood(status: int, content: bytes) -> ListPage | RequestError:
    """Classify a page; an error is returned like a result."""
    try:
        return parse_page(response(status, content))
    except RequestError as error:
        return error
