"""RealtimeKit over HTTP: one request, sent, read, understood, and tried again where that helps."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from etl import __version__
from etl.errors import FailureKind, TryAgain
from etl.realtimekit.http.libraries import aiohttp, httpx
from etl.realtimekit.http.responses import (
    MAX_BODY_BYTES,
    MAX_PAGE_BYTES,
    classify,
    classify_days,
    classify_page,
    classify_session,
    printable,
)
from etl.realtimekit.http.retry import clamped, retrying

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import date, datetime

    from etl.realtimekit.http.responses import Page
    from etl.realtimekit.limit.budget import RequestBudget
    from etl.settings import ApiSettings
    from etl.values.fetch import Idle, Payload
    from etl.values.meetings import Meeting

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_NO_BODY = httpx.ByteStream(b"")


class ApiSession(NamedTuple):
    """How tasks reach the API: by a client each, `workers` of them at a time, and within one budget."""

    connect: Callable[[], RealtimeKit]
    budget: RequestBudget
    workers: int


class RealtimeKit:
    """The API as one worker sees it: one request at a time, with the retries of its own.

    It speaks to an httpx transport itself. A client's redirects, cookies and authentication flows are not
    wanted here (a redirect would carry the token elsewhere) and cost a third of a request's CPU.
    """

    def __init__(
        self,
        settings: ApiSettings,
        *,
        transport: httpx.AsyncBaseTransport,
        budget: RequestBudget,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._api = httpx.URL(settings.base_url)
        base_path = self._api.raw_path.decode("ascii").rstrip("/")
        self._root = f"{base_path}/accounts/{quote(settings.account_id, safe='')}/realtime/kit"
        self._token_as_written = {text.encode() for text in (settings.token, settings.token.replace("/", r"\/"))}
        self._headers = request_headers(settings)
        self._timeout = settings.timeout.total_seconds()
        self.page_size = settings.page_size
        self._transport = transport
        self._budget = budget
        self._retrying = retrying(attempts=settings.attempts, sleep=sleep)

    @property
    def attempts(self) -> int:
        """How many requests the last call took."""
        return self._retrying.attempts

    async def active_session(self, meeting: Meeting) -> Payload | Idle:
        """The meeting's active session, or IDLE. Raises a RequestError once no attempt is left or helps."""
        path = f"meetings/{quote(meeting.meeting_id, safe='')}/active-session"
        return await self._retrying(self._get, self._url(meeting.app_id, path), classify, MAX_BODY_BYTES)

    async def live_sessions(self, app_id: str, number: int) -> Page:
        """A page (from 1) of the app's live sessions, the oldest first. Raises as `active_session` does."""
        return await self._page(app_id, "sessions", number, status="LIVE", sort_by="createdAt", sort_order="ASC")

    async def ended_sessions(self, app_id: str, number: int, since: datetime) -> Page:
        """A page (from 1) of the app's ended sessions that started since then, the oldest first.

        Raises as `active_session` does. That `start_time` bounds the start is what public descriptions suggest.
        """
        order = {"sort_by": "createdAt", "sort_order": "ASC"}
        return await self._page(app_id, "sessions", number, status="ENDED", start_time=_iso(since), **order)

    async def session(self, app_id: str, session_id: str) -> Payload:
        """A session by its ID, live or ended. Raises as `active_session` does."""
        path = f"sessions/{quote(session_id, safe='')}?include_breakout_rooms=true"
        return await self._retrying(self._get, self._url(app_id, path), classify_session, MAX_BODY_BYTES)

    async def daily_totals(self, app_id: str, first: date, last: date) -> list[Any]:
        """The entries of the totals of the app's days, both included. Raises as `active_session` does."""
        path = f"analytics/daywise?{urlencode({'start_date': first, 'end_date': last})}"
        return await self._retrying(self._get, self._url(app_id, path), classify_days, MAX_BODY_BYTES)

    async def meetings(self, app_id: str, number: int) -> Page:
        """A page (from 1) of the app's meetings. Raises as `active_session` does."""
        return await self._page(app_id, "meetings", number)

    async def _page(self, app_id: str, path: str, number: int, **query: str) -> Page:
        asked = urlencode(query | {"page_no": number, "per_page": self.page_size})
        url = f"{self._url(app_id, path)}?{asked}"
        return await self._retrying(self._get, url, classify_page, MAX_PAGE_BYTES)

    def _url(self, app_id: str, path: str) -> str:
        return f"{self._root}/{quote(app_id, safe='')}/{path}"

    async def _get(self, url: str, understand: Callable[[int, Mapping[str, str], bytes], _T], most_bytes: int) -> _T:
        """One attempt. Its answer tells the budget how the limit stands; a 429 holds all workers, not only this one."""
        sent_at = await self._budget.acquire(is_retry=self.attempts > 1)
        headers: httpx.Headers | None = None
        try:
            status, headers, body = await self._answer(url, most_bytes)
            return understand(status, headers, body)
        except TryAgain as error:
            _log.debug("%s: attempt %d failed: %s", url, self.attempts, error)
            if error.kind is FailureKind.RATE_LIMITED:
                self._budget.pause(clamped(error.retry_after))
            raise
        finally:
            self._budget.record_response(sent_at, headers)

    async def _answer(self, url: str, most_bytes: int) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and body of an answer, within the time-out: its bound is the whole answer."""
        request = self._request(url)
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._transport.handle_async_request(request)
                try:
                    body = await _read(response, most_bytes)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise TryAgain(FailureKind.TIMEOUT, f"no answer within {self._timeout:g} s") from None
        except (httpx.TransportError, aiohttp.ClientError, OSError) as error:
            raise TryAgain(FailureKind.CONNECTION, _said_by(error)) from None
        return response.status_code, response.headers, self._without_token(body)

    def _request(self, target: str) -> httpx.Request:
        """The request for a path (and query) of the API. To parse and check a URL each time costs an eighth of it."""
        extensions = {"target": target.encode("ascii")}  # httpx's own way to say what its URL can't
        return httpx.Request("GET", self._api, headers=self._headers, stream=_NO_BODY, extensions=extensions)

    def _without_token(self, body: bytes) -> bytes:
        """An answer may quote the request: nothing that is kept of it may hold the token, however JSON writes it."""
        for written in self._token_as_written:
            body = body.replace(written, b"[token]")
        return body


def _iso(instant: datetime) -> str:
    """An instant as the API writes its own: UTC, with milliseconds."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said_by(error: Exception) -> str:
    """Why a connection failed. What aiohttp says of a bad answer quotes it, and so perhaps a part of the token."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"connection failed: the proxy answers HTTP {error.status}"
    if isinstance(error, aiohttp.ClientResponseError):
        return "connection failed: the answer is no proper HTTP"
    return printable(f"connection failed: {str(error) or type(error).__name__}")


def request_headers(settings: ApiSettings) -> httpx.Headers:
    """The headers of every request, made once. Answers are small: unpacking would cost more than it saves."""
    return httpx.Headers(
        [
            ("Host", httpx.URL(settings.base_url).netloc.decode("ascii")),
            ("Authorization", f"Bearer {settings.token}"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", f"realtimekit-usage/{__version__}"),
        ]
    )


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    """The body, up to one byte more than the most that is accepted."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.stream:  # type: ignore[union-attr]  # an asynchronous transport gives such a stream
        chunks.append(chunk)
        size += len(chunk)
        if size > most_bytes:
            break
    return b"".join(chunks)
