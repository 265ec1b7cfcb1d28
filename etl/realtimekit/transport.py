"""How requests reach the API: httpx over aiohttp's connections (docs/decisions/0002-http-transport.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
from httpx_aiohttp import AiohttpTransport

if TYPE_CHECKING:
    from etl.settings import ApiSettings


def open_transport(settings: ApiSettings) -> httpx.AsyncBaseTransport:
    """A transport with a kept-alive connection a worker, through the proxy that the environment names.

    Nothing goes through a proxy to this machine: plain http would show it the token.
    """
    return AiohttpTransport(
        verify=settings.base_url.startswith("https"),  # plain http needs no certificates: reading them takes 20 ms
        limits=httpx.Limits(max_connections=settings.concurrency, keepalive_expiry=60.0),
        proxy=None if settings.is_loopback else _proxy_of(settings.base_url),
    )


def _proxy_of(base_url: str) -> httpx.Proxy | None:
    """The proxy for a URL, from HTTPS_PROXY and NO_PROXY or the system's settings."""
    url = urlsplit(base_url)
    proxy = getproxies().get(url.scheme)
    if not proxy or proxy_bypass(url.hostname or ""):
        return None
    return httpx.Proxy(proxy)
