"""What an answer of the API means: one pure function from status, headers and body to a decision.

The shapes and codes are those of Cloudflare's documentation and of public issue threads. Two envelopes are
told apart: RealtimeKit's `{success, data}` or `{success, error: {code, message}}`, and the gateway's
`{success, errors: [{code, message, error_chain}], messages, result}`; Cloudflare's edge answers in HTML or text.
"""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from etl.errors import FailureKind, GiveUp, Refused, TryAgain
from etl.values.fetch import IDLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from etl.errors import RequestError
    from etl.values.fetch import Idle, Payload

MAX_BODY_BYTES = 1024 * 1024
MAX_PAGE_BYTES = 16 * MAX_BODY_BYTES  # a page holds a hundred sessions or more
QUOTED_CHARACTERS = 200

# Gateway codes that speak of the token: malformed (6003 with 6111 or 6103 in its chain), not accepted for this
# account or from this address (10000), without the permission (9109).
_TOKEN_CODES = frozenset({6003, 6103, 6111, 9109, 10000})
_RAY = re.compile("[0-9a-f]{1,32}(-[A-Z]{2,4})?")
_CODE_LIMIT = 2**31
_SLOW_DOWN_CODE = 971
NO_ROUTE_CODE = 7003
_NO_SESSION = "No active session found"

_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
_REQUEST_TIMEOUT, _TOO_EARLY, _TOO_MANY_REQUESTS, _SERVER_ERROR = 408, 425, 429, 500


class Page(NamedTuple):
    """A page of a list: its entries, whatever they are, and how many the whole list has, if the API says so."""

    entries: list[Any]
    total: int | None


class _Answer(NamedTuple):
    """An answer taken apart. `code` and `message` are those of whichever error envelope it came in."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    envelope: dict[str, Any] | None
    most_bytes: int
    is_realtimekit_error: bool
    code: int | None
    message: str | None

    def failed(self, error: type[RequestError], kind: FailureKind, why: str) -> RequestError:
        """The error for this answer: what the API said, or else the beginning of what it sent."""
        ray = _RAY.fullmatch(self.headers.get("cf-ray", ""))
        said = printable(self.message) if self.message else f"{quoted(self.body)!r}"
        return error(
            kind=kind,
            message=f"{why}: {said}",
            http_status=self.status,
            api_code=self.code,
            cf_ray=ray.group() if ray else None,
            retry_after=retry_after(self.headers),
        )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Payload | Idle:
    """The session an answer holds, or IDLE where it says that there is none.

    `headers` are looked up in lower case. Raises TryAgain, GiveUp or Refused for everything else; a
    session's own fields are `normalize`'s to judge.
    """
    answer = _take_apart(status, headers, body, MAX_BODY_BYTES)
    if status == _NOT_FOUND and answer.is_realtimekit_error and (answer.message or "").startswith(_NO_SESSION):
        return IDLE
    data = _data(answer)
    if not isinstance(data, dict) or not data:
        raise answer.failed(GiveUp, FailureKind.MALFORMED, f"HTTP {status}, no success with data")
    return data


def classify_page(status: int, headers: Mapping[str, str], body: bytes) -> Page:
    """The page an answer holds: `data` is a list, or an object with the list `sessions`.

    Raises as `classify` does; the entries are the caller's to judge. A count that is none is as good as missing.
    """
    answer = _take_apart(status, headers, body, MAX_PAGE_BYTES)
    data = _data(answer)
    entries = data.get("sessions") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise answer.failed(GiveUp, FailureKind.MALFORMED, f"HTTP {status}, no success with a list")
    paging = (answer.envelope or {}).get("paging")
    total = paging.get("total_count") if isinstance(paging, dict) else None
    return Page(entries, total if type(total) is int and total >= 0 else None)


def classify_session(status: int, headers: Mapping[str, str], body: bytes) -> Payload:
    """The one session that was asked for by its ID: `data` itself, or, as one description has it, within `session`.

    Raises as `classify` does; that there is no such session is an error of the kind `not_found`.
    """
    answer = _take_apart(status, headers, body, MAX_BODY_BYTES)
    data = _data(answer)
    session = data["session"] if isinstance(data, dict) and data.keys() == {"session"} else data
    if not isinstance(session, dict) or not session:
        raise answer.failed(GiveUp, FailureKind.MALFORMED, f"HTTP {status}, no success with a session")
    return session


def classify_days(status: int, headers: Mapping[str, str], body: bytes) -> list[Any]:
    """The entries of the totals of days: `data.session_stats.day_stats`. Raises as `classify` does."""
    answer = _take_apart(status, headers, body, MAX_BODY_BYTES)
    data = _data(answer)
    stats = data.get("session_stats") if isinstance(data, dict) else None
    entries = stats.get("day_stats") if isinstance(stats, dict) else None
    if not isinstance(entries, list):
        raise answer.failed(GiveUp, FailureKind.MALFORMED, f"HTTP {status}, no success with totals of days")
    return entries


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header: whole seconds, or an HTTP date held against the answer's own Date."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())


def quoted(body: bytes) -> str:
    """The first 200 characters of a body, without what a terminal would obey."""
    return printable(body[: 4 * QUOTED_CHARACTERS].decode("utf-8", "replace")[:QUOTED_CHARACTERS])


def printable(text: str) -> str:
    """A text from elsewhere as it may be logged: at most 200 characters, a space for each that can't be printed."""
    return "".join(character if character.isprintable() else " " for character in text[:QUOTED_CHARACTERS])


def _take_apart(status: int, headers: Mapping[str, str], body: bytes, most_bytes: int) -> _Answer:
    envelope = _json_object(body) if len(body) <= most_bytes else None
    realtimekit_error = (envelope or {}).get("error")
    gateway_errors = (envelope or {}).get("errors")
    first: object = realtimekit_error
    # `messages` of a good answer may hold a code that means an error elsewhere (10000): only `errors` counts.
    if isinstance(gateway_errors, list) and gateway_errors:
        first = gateway_errors[0]
    code, message = (first.get("code"), first.get("message")) if isinstance(first, dict) else (None, None)
    return _Answer(
        status=status,
        headers=headers,
        body=body,
        envelope=envelope,
        most_bytes=most_bytes,
        is_realtimekit_error=isinstance(realtimekit_error, dict),
        code=code if type(code) is int and abs(code) < _CODE_LIMIT else None,  # a truth value is an int as well
        message=message if isinstance(message, str) else None,
    )


def _json_object(body: bytes) -> dict[str, Any] | None:
    """A body as a JSON object; None where it is something else, too deep, or not JSON at all."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _raise_if_temporary(answer: _Answer) -> None:
    """Raise TryAgain for what another attempt may mend."""
    status = answer.status
    if status == _TOO_MANY_REQUESTS or answer.code == _SLOW_DOWN_CODE:
        raise answer.failed(TryAgain, FailureKind.RATE_LIMITED, f"HTTP {status}")
    if status == _REQUEST_TIMEOUT:
        raise answer.failed(TryAgain, FailureKind.TIMEOUT, f"HTTP {status}")
    if status == _TOO_EARLY or status >= _SERVER_ERROR:
        raise answer.failed(TryAgain, FailureKind.SERVER_ERROR, f"HTTP {status}")


def _raise_if_refused(answer: _Answer) -> None:
    """Raise Refused or GiveUp for what no further attempt mends."""
    status = answer.status
    if status == _UNAUTHORIZED or answer.code in _TOKEN_CODES:
        raise answer.failed(Refused, FailureKind.UNAUTHORIZED, f"HTTP {status}")
    if status == _FORBIDDEN:
        raise answer.failed(GiveUp, FailureKind.FORBIDDEN, f"HTTP {status}")
    if status == _NOT_FOUND:
        raise answer.failed(GiveUp, FailureKind.NOT_FOUND, _unknown(answer))


def _unknown(answer: _Answer) -> str:
    """What a 404 that is not "no active session" can mean: which of both is not documented."""
    if answer.code == NO_ROUTE_CODE or not answer.is_realtimekit_error:
        return f"HTTP {answer.status}, no such address (a wrong account, app or base URL)"
    return f"HTTP {answer.status}, an unknown meeting or app"


def _data(answer: _Answer) -> object:
    """What a success holds; the error of an answer that is none."""
    _raise_if_temporary(answer)
    _raise_if_refused(answer)
    if len(answer.body) > answer.most_bytes:
        raise answer.failed(GiveUp, FailureKind.MALFORMED, f"HTTP {answer.status}, over {answer.most_bytes} bytes")
    if answer.envelope is None:
        raise answer.failed(GiveUp, FailureKind.MALFORMED, f"HTTP {answer.status}, no JSON object")
    if answer.status != _OK or answer.envelope.get("success") is not True:
        raise answer.failed(GiveUp, FailureKind.MALFORMED, f"HTTP {answer.status}, no success with data")
    return answer.envelope.get("data")
