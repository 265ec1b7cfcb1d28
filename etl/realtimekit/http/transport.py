"""How requests reach the API: httpx over aiohttp's connections (docs/decisions/0002-http-transport.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from etl.errors import ConfigError
from etl.realtimekit.http.libraries import aiohttp, httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from typing import Self

    from etl.settings import ApiSettings

_KEEP_ALIVE_SECONDS = 60.0


def open_transport(settings: ApiSettings) -> AiohttpTransport:
    """A transport with a kept-alive connection a worker, through the proxy that the environment names.

    Nothing goes through a proxy to this machine: plain http would show it the token.
    """
    return AiohttpTransport(
        # Plain http needs no certificates, and reading them takes 20 ms.
        ssl_context=httpx.create_ssl_context(verify=settings.is_encrypted),
        connections=settings.concurrency,
        proxy=None if settings.is_loopback else _proxy_of(settings.base_url),
    )


class AiohttpTransport(httpx.AsyncBaseTransport):
    """httpx's requests without a body, over an aiohttp session that is open within `async with`.

    Time-outs are the caller's. What a connection fails with is aiohttp's own error, or the system's.
    """

    def __init__(self, *, ssl_context: ssl.SSLContext, connections: int, proxy: str | None = None) -> None:
        self.ssl_context = ssl_context
        self.proxy = proxy
        self._connections = connections

    async def __aenter__(self) -> Self:
        self._session = _session(self.ssl_context, self._connections)
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request once; return its answer, whose stream is the body as it arrives."""
        answer = await self._session.request(
            request.method,
            _url_of(request),
            headers=request.headers.multi_items(),
            allow_redirects=False,
            proxy=self.proxy,
        )
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """The body of an answer. Closed before its end, it takes the connection with it."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.content.iter_any()

    async def aclose(self) -> None:
        self._answer.release()


def _url_of(request: httpx.Request) -> URL:
    """Where a request goes: its URL, or what its extension "target" says in the place of path and query."""
    url = URL(str(request.url), encoded=True)
    if (target := request.extensions.get("target")) is None:
        return url
    path, _, query = target.decode("ascii").partition("?")
    return URL.build(scheme=url.scheme, authority=url.authority, path=path, query_string=query, encoded=True)


def _session(context: ssl.SSLContext, connections: int) -> aiohttp.ClientSession:
    """A session that sends every request once, and keeps no cookies."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=context),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
    )
    # By itself it sends a GET again when the connection drops: unseen by the budget, and on top of our own attempts.
    session._retry_connection = False  # noqa: SLF001  # there is no public way; test_client counts the requests
    return session


def _proxy_of(base_url: str) -> str | None:
    """The proxy for a URL, from HTTPS_PROXY and NO_PROXY or the system's settings."""
    url = urlsplit(base_url)
    proxy = getproxies().get(url.scheme, "")
    if proxy.startswith("socks"):
        raise ConfigError("a SOCKS proxy can't be used; name an HTTP proxy in HTTPS_PROXY, or unset it")
    if not proxy or proxy_bypass(url.hostname or ""):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        httpx.Proxy(proxy)
    except (ValueError, httpx.InvalidURL):
        raise ConfigError(
            f"the proxy that the environment names for {url.scheme} can't be used; expected one like http://host:3128"
        ) from None
    return proxy
