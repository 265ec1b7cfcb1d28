"""How requests reach the API: httpx over aiohttp's connections (docs/decisions/0002-http-transport.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from etl.errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from etl.settings import ApiSettings

_KEEP_ALIVE_SECONDS = 60.0


def open_transport(settings: ApiSettings) -> httpx.AsyncBaseTransport:
    """A transport with a kept-alive connection a worker, through the proxy that the environment names.

    Nothing goes through a proxy to this machine: plain http would show it the token.
    """
    # Plain http needs no certificates, and reading them takes 20 ms.
    context = httpx.create_ssl_context(verify=settings.is_encrypted)
    return AiohttpTransport(
        verify=context,
        client=lambda: _session(context, settings.concurrency),
        proxy=None if settings.is_loopback else _proxy_of(settings.base_url),
    )


def _session(context: ssl.SSLContext, connections: int) -> aiohttp.ClientSession:
    """A session that sends every request once, and keeps no cookies."""
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=context)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    # By itself it sends a GET again when the connection drops: unseen by the budget, and on top of our own attempts.
    session._retry_connection = False  # noqa: SLF001  # there is no public way; test_client counts the requests
    return session


def _proxy_of(base_url: str) -> httpx.Proxy | None:
    """The proxy for a URL, from HTTPS_PROXY and NO_PROXY or the system's settings."""
    url = urlsplit(base_url)
    proxy = getproxies().get(url.scheme, "")
    if proxy.startswith("socks"):
        raise ConfigError("a SOCKS proxy can't be used; name an HTTP proxy in HTTPS_PROXY, or unset it")
    if not proxy or proxy_bypass(url.hostname or ""):
        return None
    try:
        return httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    except (ValueError, httpx.InvalidURL):
        raise ConfigError(
            f"the proxy that the environment names for {url.scheme} can't be used; expected one like http://host:3128"
        ) from None
