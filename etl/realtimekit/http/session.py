"""The way to the API: HTTP clients for the workers of a fetch, one budget, and the reasons to end early."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx

from etl import __version__
from etl.errors import ConfigError, FailureKind, GiveUp
from etl.realtimekit.http.client import RealtimeKit
from etl.realtimekit.http.proxies import find_proxy, has_address
from etl.realtimekit.http.refusals import Refusals
from etl.realtimekit.limit.budget import RequestBudget

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
    from datetime import timedelta

    from etl.errors import EtlError
    from etl.realtimekit.http.proxies import EnvironmentProxy
    from etl.settings import ApiSettings
    from etl.values.fetch import FetchCounts, Spending
    from etl.values.run import RunContext

_log = logging.getLogger(__name__)

_KEEP_ALIVE_SECONDS = 60.0


class ApiSession:
    """The budget and the HTTP clients that the tasks of a fetch share, and its early end if there is one.

    `early_end` is the failure of everything that is not fetched then. `errors` say what ended the fetch. `defects` are
    exceptions that the code does not expect. They end the fetch, and lose nothing that it has fetched.
    """

    def __init__(
        self, settings: ApiSettings, context: RunContext, counts: FetchCounts, spent: Iterable[Spending]
    ) -> None:
        self.budget = RequestBudget(
            counts,
            settings.limits,
            now=context.now,
            sleep=context.sleep,
            spent=spent,
            on_pause_change=self.report_progress,
        )
        self.refusals = Refusals(self.budget, context.sleep)
        self.concurrency = settings.concurrency
        self.now = context.now
        self.early_end: GiveUp | None = None
        self.errors: list[EtlError] = []
        self.defects: list[BaseException] = []
        self.open_clients = AsyncExitStack()
        self._settings = settings
        self._context = context
        self._counts = counts
        # Plain http, on this machine only, needs no certificates: reading them takes 20 ms.
        self._ssl_context = httpx.create_ssl_context(verify=settings.is_encrypted)
        self._idle_clients: list[RealtimeKit] = []
        self._tasks: list[asyncio.Task[None]] = []

    def report_progress(self) -> None:
        """Report the counts so far."""
        if self._context.report_progress:
            self._context.report_progress(self._counts)

    def report_sessions(self, new: int) -> None:
        """Count the new sessions that a page of a list shows, and report the counts so far."""
        self._counts.sessions += new
        self.report_progress()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[RealtimeKit]:
        """Lend a client with a connection of its own. It is kept for the next task that needs one."""
        client = self._idle_clients.pop() if self._idle_clients else await self._open_client()
        try:
            yield client
        finally:
            self._idle_clients.append(client)

    async def _open_client(self) -> RealtimeKit:
        client = _http_client(self._settings, self._ssl_context, self._context.transport)
        if self._context.transport is None:  # a transport that was handed in is closed by its maker
            await self.open_clients.enter_async_context(client)
        return RealtimeKit(client, self._settings, self._context, budget=self.budget, refusals=self.refusals)

    async def run(self, work: Iterable[Coroutine[None, None, None]]) -> None:
        """Run coroutines side by side until all are done or the fetch ends early."""
        self._tasks = [asyncio.ensure_future(coroutine) for coroutine in work]
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self.defects += [result for result in results if not isinstance(result, asyncio.CancelledError | None)]
        if self.defects:
            self.end(GiveUp(FailureKind.INTERRUPTED, "no answer before a defect ended the run"))

    def end(self, early_end: GiveUp, *errors: EtlError) -> None:
        """End the fetch early: cancel all tasks, except the one that calls this. The first reason counts."""
        if self.early_end is None:
            self.early_end = early_end
            self.errors.extend(errors)
            _log.info("the fetch ends early: %s", early_end.message)
            for task in self._tasks:
                if task is not asyncio.current_task():
                    task.cancel()


@asynccontextmanager
async def open_session(
    settings: ApiSettings,
    context: RunContext,
    counts: FetchCounts,
    *,
    spent: Iterable[Spending] = (),
    deadline: timedelta | None = None,
) -> AsyncIterator[ApiSession]:
    """Open the way to the API, until the deadline or an interruption ends the fetch early.

    Raises ConfigError if the base URL or the proxy for it is not usable.
    """
    session = ApiSession(settings, context, counts, spent)
    async with session.open_clients:
        async with session.client():
            pass  # making the first client shows if the base URL and its proxy are usable
        async with _watching(session, context, deadline):
            yield session
    session.budget.close()


class _NoCookies(CookieJar):
    """A jar that stays empty: the API needs no cookies, and the jar warns of those that it can't parse."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Ignore the cookies of a response."""


async def _remove_location(response: httpx.Response) -> None:
    """Remove the target of a redirect: httpx parses it even if it does not follow it, and raises if it can't."""
    response.headers.pop("location", None)


def _http_client(
    settings: ApiSettings, ssl_context: ssl.SSLContext, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """Make the HTTP client of one worker.

    Every worker has its own, because a shared pool searches all its connections for every request. Redirects are off,
    since they would carry the token elsewhere.
    """
    _require_host(settings.base_url)
    # Without a proxy for this machine: plain http would show it the token.
    proxy = None if settings.is_loopback or transport else find_proxy(settings.base_url)
    try:
        return httpx.AsyncClient(
            base_url=f"{settings.base_url.rstrip('/')}/accounts/{quote(settings.account_id, safe='')}/realtime/kit",
            headers={
                "Authorization": f"Bearer {settings.token}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # responses are small
                "User-Agent": f"realtimekit-usage/{__version__}",
            },
            cookies=_NoCookies(),
            verify=ssl_context,
            trust_env=False,
            proxy=_usable(proxy) if proxy else None,
            follow_redirects=False,
            event_hooks={"response": [_remove_location]},
            limits=httpx.Limits(max_connections=1, keepalive_expiry=_KEEP_ALIVE_SECONDS),
            timeout=None,  # noqa: S113  # RealtimeKit bounds the whole response
            transport=transport,
        )
    except (ValueError, httpx.InvalidURL, ImportError):
        setting = proxy.setting if proxy else "the environment"
        raise ConfigError(
            f"the proxy in {setting} is not usable. Name an HTTP proxy like http://host:3128, or unset the variable, "
            "or exempt the API's host with NO_PROXY; SOCKS proxies are not supported"
        ) from None


def _require_host(base_url: str) -> None:
    """Refuse a host that a request can't name, before every meeting fails because of it."""
    try:
        _ = httpx.URL(base_url).host
    except (ValueError, httpx.InvalidURL):
        host = urlsplit(base_url).hostname
        raise ConfigError(f"--base-url names the host {host!r}, which is not valid. Correct the base URL") from None


def _usable(proxy: EnvironmentProxy) -> str:
    """Return the URL of a proxy. Raises ValueError or httpx.InvalidURL if no connection can be made to it."""
    if not (has_address(proxy.url) and httpx.URL(proxy.url).host):
        raise ValueError(proxy.setting)
    return proxy.url


@asynccontextmanager
async def _watching(session: ApiSession, context: RunContext, deadline: timedelta | None) -> AsyncIterator[None]:
    """Meanwhile, let the deadline and an interruption end the fetch."""

    async def end_after(event: Callable[[], Awaitable[object]], early_end: GiveUp) -> None:
        """Wait for an event, then end the fetch."""
        await event()
        session.end(early_end)

    watchers = []
    if deadline is not None:
        seconds = deadline.total_seconds()
        end = GiveUp(FailureKind.DEADLINE, f"no answer before the run's deadline of {seconds:g} s")
        if seconds > 0:
            watchers.append(end_after(partial(context.sleep, seconds), end))
        else:  # before the first request
            session.end(end)
    if context.interrupted is not None:
        end = GiveUp(FailureKind.INTERRUPTED, "no answer before the run was interrupted")
        watchers.append(end_after(context.interrupted.wait, end))
    watching = [asyncio.ensure_future(watcher) for watcher in watchers]
    try:
        yield
    finally:
        for watcher in watching:
            watcher.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
