"""The way to the API: which proxy, which certificates."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from etl.realtimekit.transport import open_transport
from etl.settings import ApiSettings
from tests.realtimekit.servers import answering


def proxy_for(base_url: str) -> str | None:
    """The proxy that requests to a URL go through."""
    transport = open_transport(ApiSettings(token="t", account_id="a", base_url=base_url))  # noqa: S106
    assert isinstance(transport, AiohttpTransport)
    return str(transport.proxy.url) if transport.proxy else None


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_without_a_proxy_in_the_environment_there_is_none() -> None:
    """Straight to Cloudflare."""
    assert proxy_for("https://api.cloudflare.com/client/v4") is None


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every tool on the machine does."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert proxy_for("https://api.cloudflare.com/client/v4") == "http://proxy.example:3128"


def test_a_host_that_the_environment_exempts_has_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "cloudflare.com")
    assert proxy_for("https://api.cloudflare.com/client/v4") is None


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http would show the token to it."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert proxy_for("http://127.0.0.1:8787/client/v4") is None


def test_certificates_are_verified_over_https() -> None:
    """A server whose certificate nobody signed does not see the token."""
    transport = open_transport(ApiSettings(token="t", account_id="a"))  # noqa: S106
    assert isinstance(transport, AiohttpTransport)
    assert transport.ssl_context.check_hostname


def test_no_cookie_is_sent_back() -> None:
    """Cloudflare sets one on every answer; the API needs none."""

    async def twice(base_url: str) -> None:
        async with open_transport(ApiSettings(token="t", account_id="a", base_url=base_url)) as transport:  # noqa: S106
            for _ in range(2):
                response = await transport.handle_async_request(httpx.Request("GET", base_url))
                await response.aread()

    with answering(b"", headers={"Set-Cookie": "__cf_bm=1; path=/"}) as server:
        asyncio.run(twice(server.base_url))
    assert ["cookie" in headers for headers in server.headers] == [False, False]
