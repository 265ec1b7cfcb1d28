"""Requests to the RealtimeKit API: each is sent within the budget, bounded in time and size, and retried."""

from __future__ import annotations

import logging
import os
import ssl
from contextlib import aclosing, contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import anyio
import httpx

from etl.errors import FailureKind, GiveUp, TryAgain
from etl.realtimekit.http.refusals import Call
from etl.realtimekit.http.responses import (
    MAX_BODY_BYTES,
    MAX_PAGE_BYTES,
    REFUSED,
    RawResponse,
    parse_active_session,
    parse_daily_totals,
    parse_page,
    parse_session,
    parse_token_check,
    printable,
)
from etl.realtimekit.http.retry import rate_limit_wait, retrying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from etl.realtimekit.http.refusals import Refusals
    from etl.realtimekit.http.responses import ListPage, TokenCheck
    from etl.realtimekit.limit.budget import RequestBudget
    from etl.settings import ApiSettings
    from etl.values.fetch import Idle, Payload
    from etl.values.meetings import Meeting
    from etl.values.run import RunContext

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class RealtimeKit:
    """The API for one worker: one request at a time.

    Each method returns what the API describes, or raises a RequestError once no attempt is left or none would help.
    `attempts` is the number of requests that the last call sent.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: ApiSettings,
        context: RunContext,
        *,
        budget: RequestBudget,
        refusals: Refusals,
    ) -> None:
        self.attempts = 0
        self._client = client
        self._mask = settings.mask
        self._base_url = settings.mask(settings.base_url)  # for messages
        base_url, account_id = settings.base_url.rstrip("/"), quote(settings.account_id, safe="")
        owners = ("user", f"accounts/{account_id}")
        self._token_urls = [f"{base_url}/{owner}/tokens/verify" for owner in owners]
        self._timeout = settings.timeout.total_seconds()
        self.page_size = settings.page_size
        self._budget = budget
        self._refusals = refusals
        self._now = context.now
        self._retrying = retrying(attempts=settings.attempts, sleep=context.sleep)

    async def active_session(self, meeting: Meeting) -> Payload | Idle:
        """Return the active session of a meeting, or IDLE."""
        path = [meeting.app_id, "meetings", meeting.meeting_id, "active-session"]
        return await self._get(path, parse_active_session)

    async def live_sessions(self, app_id: str, number: int) -> ListPage:
        """Return a page (from 1) of the live sessions of an app, the oldest first."""
        return await self._page(app_id, "sessions", number, status="LIVE", sort_by="createdAt", sort_order="ASC")

    async def ended_sessions(self, app_id: str, number: int, since: datetime) -> ListPage:
        """Return a page (from 1) of the ended sessions of an app that started since an instant, the oldest first.

        Public descriptions suggest that `start_time` filters by the start of the session.
        """
        order = {"sort_by": "createdAt", "sort_order": "ASC"}
        return await self._page(app_id, "sessions", number, status="ENDED", start_time=_iso(since), **order)

    async def session(self, app_id: str, session_id: str) -> Payload:
        """Return a session by its ID, live or ended."""
        query = {"include_breakout_rooms": "true"}
        return await self._get([app_id, "sessions", session_id], parse_session, query)

    async def daily_totals(self, app_id: str, first: date, last: date) -> list[Any]:
        """Return the entries of the daily totals of an app from one day to another, both included."""
        query = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        return await self._get([app_id, "analytics", "daywise"], parse_daily_totals, query)

    async def meetings(self, app_id: str, number: int) -> ListPage:
        """Return a page (from 1) of the meetings of an app. Their order is not documented."""
        return await self._page(app_id, "meetings", number)

    async def apps(self, number: int) -> ListPage:
        """Return a page (from 1) of the apps of the account."""
        return await self._get(["apps"], parse_page, self._page_query(number), MAX_PAGE_BYTES)

    async def check_token(self) -> TokenCheck:
        """Ask for the status of the token. A user owns it, or else the account: each has an address of its own."""
        checks = []
        for url in self._token_urls:
            check = await self._send_with_retries(url, parse_token_check)
            if check.status != REFUSED:
                return check
            checks.append(check)
        return checks[0]

    async def _page(self, app_id: str, path: str, number: int, **query: str) -> ListPage:
        return await self._get([app_id, path], parse_page, query | self._page_query(number), MAX_PAGE_BYTES)

    def _page_query(self, number: int) -> dict[str, str]:
        return {"page_no": str(number), "per_page": str(self.page_size)}

    async def _get(
        self,
        path: Sequence[str],
        parse: Callable[[RawResponse], _T],
        query: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> _T:
        """Send a request, with its retries, and parse the response. `path` holds names and IDs, not encoded."""
        with _as_invalid_id():
            url = "/".join(quote(segment, safe="") for segment in path)
        return await self._send_with_retries(url, parse, query, max_bytes, app_id=path[0])

    async def _send_with_retries(  # the request, and how to read its response
        self,
        url: str,
        parse: Callable[[RawResponse], _T],
        query: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BODY_BYTES,
        *,
        app_id: str = "",
    ) -> _T:
        """Send a request to a URL: relative to the account, or absolute."""
        self.attempts = 0
        with _as_invalid_id():
            request = self._client.build_request("GET", url, params=query)
        call = Call(app_id=app_id, request=request, parse=parse, max_bytes=max_bytes)
        answer: _T = await self._retrying(self._refusals.send, call, self._attempt)
        return answer

    async def _attempt(self, call: Call) -> object:
        """Send a request once and parse the response. The budget learns the limit from its headers."""
        self.attempts += 1
        sent_at = await self._budget.acquire(is_retry=self.attempts > 1)
        headers: Mapping[str, str] | None = None
        try:
            response = await self._send(call.request, call.max_bytes)
            headers = response.headers
            answer = call.parse(response)
        except TryAgain as error:
            _log.debug("%s: attempt %d failed: %s", self._mask(str(call.request.url)), self.attempts, error)
            if error.kind is FailureKind.RATE_LIMITED:
                error.retry_after = rate_limit_wait(error.retry_after, self.attempts)
                self._budget.pause(error.retry_after)
            raise
        finally:
            self._budget.record_response(sent_at, headers)
        self._refusals.record_acceptance(call)
        return answer

    async def _send(self, request: httpx.Request, max_bytes: int) -> RawResponse:
        """Return the response as it arrives. The time-out bounds the whole response."""
        try:
            # asyncio.timeout may cancel httpx while it opens or closes a connection, which then stays in use forever.
            with anyio.fail_after(self._timeout):
                response = await self._client.send(request, stream=True)
                async with aclosing(response):
                    body = await _read(response, max_bytes)
        except TimeoutError:
            raise TryAgain(FailureKind.TIMEOUT, f"no answer within {self._timeout:g} s") from None
        except Exception as error:  # noqa: BLE001  # only libraries run here, and not all their errors have one base
            message = f"no answer from {self._base_url}: {self._describe(error)}"
            raise TryAgain(FailureKind.CONNECTION, message) from None
        return RawResponse(
            status=response.status_code,
            headers=response.headers,
            body=body,
            mask=self._mask,
            received_at=self._now(),
        )

    def _describe(self, error: Exception) -> str:
        """Describe a connection error. Its message may quote the response."""
        while isinstance(error, ExceptionGroup):  # of attempts to connect side by side
            error = error.exceptions[0]
        message = self._mask(_system_reason(error) or str(error)) or type(error).__name__
        return printable(f"the proxy answers {message}" if isinstance(error, httpx.ProxyError) else message)


@contextmanager
def _as_invalid_id() -> Iterator[None]:
    """Raise GiveUp if no URL can hold an ID."""
    try:
        yield
    except (httpx.InvalidURL, ValueError) as error:
        raise GiveUp(FailureKind.INVALID_ID, f"not asked: {printable(str(error))}") from None


def _system_reason(error: BaseException) -> str | None:
    """Return the reason that the system names among the causes of an error, such as "Connection refused", or None."""
    # The numbers of a TLS error, and those of a name that can't be resolved, are not those of the system.
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    cause = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error.__context__
    return _system_reason(cause) if cause else None


def _iso(instant: datetime) -> str:
    """Write an instant as the API does: UTC, with milliseconds."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    """Read a body, and stop once it is larger than `max_bytes`. It is not decompressed."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            break
    return bytes(body)
