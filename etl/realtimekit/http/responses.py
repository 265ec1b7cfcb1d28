"""Parse the responses of the API: pure functions from status, headers and body to data, or to a RequestError.

The shapes and codes are those of Cloudflare's documentation and of public issue threads. There are two envelopes:
RealtimeKit's `{success, data}` or `{success, error: {code, message}}`, and the gateway's
`{success, errors: [{code, message, error_chain}], messages, result}`. Cloudflare's edge answers in HTML or text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from etl.errors import FailureKind, GiveUp, Refused, TryAgain
from etl.values.fetch import IDLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etl.errors import RequestError
    from etl.values.fetch import Idle, Payload

MAX_BODY_BYTES = 1024 * 1024
MAX_PAGE_BYTES = 16 * MAX_BODY_BYTES  # a page holds a hundred sessions or more
QUOTED_CHARACTERS = 200
_MASKED_BYTES = 64 * 1024

# Gateway codes about the token: malformed (6003 with 6111 or 6103 in its chain), not accepted for this
# account or from this address (10000), without the permission (9109).
_TOKEN_CODES = frozenset({6003, 6103, 6111, 9109, 10000})
_RAY = re.compile("[0-9a-f]{1,32}(-[A-Z]{2,4})?")
_SECONDS = re.compile("[0-9]{1,9}([.][0-9]{1,9})?")
_CODE_LIMIT = 2**31
_SLOW_DOWN_CODE = 971
NO_ROUTE_CODE = 7003
_NO_SESSION = "No active session found"

REFUSED = "refused"  # the status of a token that the API does not accept

_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 400, 401, 403, 404
_REQUEST_TIMEOUT, _TOO_EARLY, _TOO_MANY_REQUESTS, _SERVER_ERROR = 408, 425, 429, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResponse:
    """A response as it arrived. `headers` are looked up in lower case.

    `mask` removes the token from a text that is quoted. `received_at` takes the place of a Date that is missing.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    mask: Callable[[str], str] = str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A page of a list: its entries, not validated, and the total of the whole list if the API states it."""

    entries: list[Any]
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCheck:
    """The API's answer about the token: its status, or `refused` with the reason, and when it expires if it does."""

    status: str
    reason: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Response:
    """A response and its envelope. `code` and `message` are those of either kind of error envelope."""

    raw: RawResponse
    envelope: dict[str, Any] | None
    max_bytes: int
    is_realtimekit_error: bool
    code: int | None
    message: str | None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.raw.status

    def error(self, error: type[RequestError], kind: FailureKind, why: str) -> RequestError:
        """Make the error for this response. It quotes the API's message, or else the beginning of the body."""
        raw = self.raw
        ray = raw.headers.get("cf-ray", "")
        quotation = printable(raw.mask(self.message)) if self.message else f"{quote_body(raw.body, raw.mask)!r}"
        return error(
            kind=kind,
            message=f"{why}: {quotation}",
            http_status=self.status,
            api_code=self.code,
            cf_ray=ray if _RAY.fullmatch(ray) and raw.mask(ray) == ray else None,
            retry_after=retry_after(raw.headers, raw.received_at),
        )


def parse_active_session(raw: RawResponse) -> Payload | Idle:
    """Return the session in a response, or IDLE if the API reports that no session is active.

    Raises TryAgain, GiveUp or Refused for everything else. The fields of a session are validated in `normalize`.
    """
    response = _parse_envelope(raw, MAX_BODY_BYTES)
    if raw.status == _NOT_FOUND and response.is_realtimekit_error and (response.message or "").startswith(_NO_SESSION):
        return IDLE
    data = _data(response)
    if not isinstance(data, dict) or not data:
        raise response.error(GiveUp, FailureKind.MALFORMED, f"HTTP {raw.status}, not a success with data")
    return data


def parse_page(raw: RawResponse) -> ListPage:
    """Return the page in a response: `data` is a list, or an object with the list `sessions`.

    Raises as `parse_active_session` does. The entries are not validated. A total that is not valid counts as missing.
    """
    response = _parse_envelope(raw, MAX_PAGE_BYTES)
    data = _data(response)
    entries = data.get("sessions") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise response.error(GiveUp, FailureKind.MALFORMED, f"HTTP {raw.status}, not a success with a list")
    paging = (response.envelope or {}).get("paging")
    total = paging.get("total_count") if isinstance(paging, dict) else None
    return ListPage(entries=entries, total=total if type(total) is int and total >= 0 else None)


def parse_session(raw: RawResponse) -> Payload:
    """Return the session that was requested by its ID: `data` itself, or `data.session` as in older descriptions.

    Raises as `parse_active_session` does. A session that does not exist is an error of the kind `not_found`.
    """
    response = _parse_envelope(raw, MAX_BODY_BYTES)
    data = _data(response)
    session = data["session"] if isinstance(data, dict) and data.keys() == {"session"} else data
    if not isinstance(session, dict) or not session:
        raise response.error(GiveUp, FailureKind.MALFORMED, f"HTTP {raw.status}, not a success with a session")
    return session


def parse_daily_totals(raw: RawResponse) -> list[Any]:
    """Return the entries of daily totals: `data.session_stats.day_stats`. Raises as `parse_active_session` does."""
    response = _parse_envelope(raw, MAX_BODY_BYTES)
    data = _data(response)
    stats = data.get("session_stats") if isinstance(data, dict) else None
    entries = stats.get("day_stats") if isinstance(stats, dict) else None
    if not isinstance(entries, list):
        raise response.error(GiveUp, FailureKind.MALFORMED, f"HTTP {raw.status}, not a success with daily totals")
    return entries


def parse_token_check(raw: RawResponse) -> TokenCheck:
    """Return the status of the token. A refusal is an answer, too.

    Raises as `parse_active_session` does for everything else. An end that is not a date counts as none.
    """
    response = _parse_envelope(raw, MAX_BODY_BYTES)
    if raw.status in {_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN}:
        refusal = response.error(GiveUp, FailureKind.UNAUTHORIZED, f"HTTP {raw.status}")
        return TokenCheck(status=REFUSED, reason=refusal.message)
    _raise_for_status(response)
    result = (response.envelope or {}).get("result")
    status = result.get("status") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(status, str):
        raise response.error(GiveUp, FailureKind.MALFORMED, f"HTTP {raw.status}, not the status of a token")
    return TokenCheck(status=printable(status), expires_at=_parse_end(result.get("expires_on")))


def _parse_end(value: object) -> datetime | None:
    try:
        end = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return end if end and end.tzinfo else None


def retry_after(headers: Mapping[str, str], received_at: datetime | None = None) -> float | None:
    """Return the seconds of a Retry-After header: a number, or an HTTP date minus the Date of the response.

    Without a Date that is valid, the instant when the response arrived takes its place.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    end, start = _http_date(value), _http_date(headers.get("date", "")) or received_at
    return None if end is None or start is None else max(0.0, (end - start).total_seconds())


def _http_date(value: str) -> datetime | None:
    """Parse an HTTP date. None if it is not valid or has no time zone."""
    try:
        instant = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return None if instant.tzinfo is None else instant


def quote_body(body: bytes, mask: Callable[[str], str] = str) -> str:
    """Return the first 200 characters of a body, without control characters and without the token.

    More than that is masked, so that no part of a token is left where the text is cut.
    """
    return printable(mask(body[:_MASKED_BYTES].decode("utf-8", "replace")))


def printable(text: str) -> str:
    """Make a text from elsewhere safe to log: at most 200 characters, with a space for each that can't be printed."""
    return "".join(character if character.isprintable() else " " for character in text[:QUOTED_CHARACTERS])


def _parse_envelope(raw: RawResponse, max_bytes: int) -> _Response:
    envelope = _json_object(raw.body) if len(raw.body) <= max_bytes else None
    realtimekit_error = (envelope or {}).get("error")
    gateway_errors = (envelope or {}).get("errors")
    first: object = realtimekit_error
    # `messages` of a successful response may hold a code that means an error elsewhere (10000): only `errors` counts.
    if isinstance(gateway_errors, list) and gateway_errors:
        first = gateway_errors[0]
    code, message = (first.get("code"), first.get("message")) if isinstance(first, dict) else (None, None)
    return _Response(
        raw=raw,
        envelope=envelope,
        max_bytes=max_bytes,
        is_realtimekit_error=isinstance(realtimekit_error, dict),
        code=code if type(code) is int and abs(code) < _CODE_LIMIT else None,  # a truth value is an int as well
        message=message if isinstance(message, str) else None,
    )


def _json_object(body: bytes) -> dict[str, Any] | None:
    """Parse a body as a JSON object. None if it is not one, or nested too deeply.

    Bytes that are not UTF-8 are replaced: they cost a character of a name, and no meeting.
    """
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _raise_for_status(response: _Response) -> None:
    """Raise TryAgain if another attempt may succeed, and Refused or GiveUp if none can."""
    status = response.status
    if status == _TOO_MANY_REQUESTS or response.code == _SLOW_DOWN_CODE:
        raise response.error(TryAgain, FailureKind.RATE_LIMITED, f"HTTP {status}")
    if status == _REQUEST_TIMEOUT:
        raise response.error(TryAgain, FailureKind.TIMEOUT, f"HTTP {status}")
    if status == _TOO_EARLY or status >= _SERVER_ERROR:
        raise response.error(TryAgain, FailureKind.SERVER_ERROR, f"HTTP {status}")
    if status == _UNAUTHORIZED or response.code in _TOKEN_CODES:
        raise response.error(Refused, FailureKind.UNAUTHORIZED, f"HTTP {status}")
    if status == _FORBIDDEN:
        raise response.error(GiveUp, FailureKind.FORBIDDEN, f"HTTP {status}")
    if status == _NOT_FOUND:
        raise response.error(GiveUp, FailureKind.NOT_FOUND, _unknown(response))


def _unknown(response: _Response) -> str:
    """Describe a 404 that is not "no active session". What exactly it means is not documented."""
    if response.code == NO_ROUTE_CODE or not response.is_realtimekit_error:
        return f"HTTP {response.status}, no such address (a wrong account, app or base URL)"
    return f"HTTP {response.status}, an unknown meeting or app"


def _data(response: _Response) -> object:
    """Return the data of a successful response. Raises the error of any other."""
    _raise_for_status(response)
    if len(response.raw.body) > response.max_bytes:
        raise response.error(GiveUp, FailureKind.MALFORMED, f"HTTP {response.status}, over {response.max_bytes} bytes")
    if response.envelope is None:
        # A page of the edge, nothing at all, or JSON that is cut short stands in for the answer, like a 502.
        error = TryAgain if response.status == _OK else GiveUp
        raise response.error(error, FailureKind.MALFORMED, f"HTTP {response.status}, not a JSON object")
    if response.status != _OK or response.envelope.get("success") is not True:
        raise response.error(GiveUp, FailureKind.MALFORMED, f"HTTP {response.status}, not a success with data")
    return response.envelope.get("data")
