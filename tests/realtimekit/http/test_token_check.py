"""Responses about the token: its status and its end, a refusal, or an error that says nothing about it."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given

from etl.errors import FailureKind, RequestError
from etl.realtimekit.http.responses import REFUSED, TokenCheck, parse_token_check
from tests.realtimekit.bodies import ANY_BODY, HTML, gateway, response


def verified(result: object) -> bytes:
    """Return the answer about a token. The code of its message means an error elsewhere."""
    message = {"code": 10000, "message": "This API Token is valid and active"}
    return json.dumps({"success": True, "errors": [], "messages": [message], "result": result}).encode()


@pytest.mark.parametrize(
    ("end", "expires_at"),
    [
        ("2026-12-24T18:00:00Z", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-12-24T18:00:00", None),
        ("soon", None),
        (7, None),
        (None, None),
    ],
)
def test_the_status_and_the_end_of_a_token(end: object, expires_at: datetime | None) -> None:
    """An end that is not an instant counts as none."""
    content = verified({"id": "x", "status": "active", "expires_on": end})
    assert parse_token_check(response(200, content)) == TokenCheck(status="active", expires_at=expires_at)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_an_answer(status: int) -> None:
    """It says why, as the API says it."""
    check = parse_token_check(response(status, gateway(1000, "Invalid API Token")))
    assert check == TokenCheck(status=REFUSED, reason=f"HTTP {status}: Invalid API Token")


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, verified({"id": "x"}), FailureKind.MALFORMED),
        (200, verified(None), FailureKind.MALFORMED),
        (200, HTML, FailureKind.MALFORMED),
        (404, gateway(7003, "no route"), FailureKind.NOT_FOUND),
        (429, gateway(971, "slow down"), FailureKind.RATE_LIMITED),
        (500, b"", FailureKind.SERVER_ERROR),
    ],
)
def test_another_response_says_nothing_about_the_token(status: int, content: bytes, kind: FailureKind) -> None:
    """It is an error like that of any request."""
    with pytest.raises(RequestError) as caught:
        parse_token_check(response(status, content))
    assert caught.value.kind is kind


@given(ANY_BODY)
def test_no_body_is_a_defect(content: bytes) -> None:
    """Whatever the API sends is an answer, or the error of a request."""
    with contextlib.suppress(RequestError):
        assert parse_token_check(response(200, content)).status
