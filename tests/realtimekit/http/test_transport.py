"""The way to the API: which proxy, which certificates."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import httpx
import pytest

from etl.realtimekit.http.transport import open_transport
from etl.settings import ApiSettings
from tests.realtimekit.http.test_client import failure
from tests.realtimekit.servers import answering


def proxy_for(base_url: str) -> str | None:
    """The proxy that requests to a URL go through."""
    transport = open_transport(ApiSettings(token="t", account_id="a", base_url=base_url))  # noqa: S106
    return transport.proxy


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


def test_a_target_stands_in_the_place_of_path_and_query() -> None:
    """Nothing of it is encoded again, and it can't lead to another server."""
    targets = [b"/a%2Fb/c", b"//elsewhere.example/x", b"/list?status=LIVE&page_no=2"]

    async def ask(base_url: str) -> None:
        async with open_transport(ApiSettings(token="t", account_id="a", base_url=base_url)) as transport:  # noqa: S106
            for target in targets:
                request = httpx.Request("GET", base_url, extensions={"target": target})
                await (await transport.handle_async_request(request)).aread()

    with answering(b"") as server:
        asyncio.run(ask(server.base_url))
    assert server.paths == [target.decode() for target in targets]


def test_the_proxy_is_given_the_credentials_that_its_url_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Them alone, not the token: and its refusal is not quoted."""
    with answering(b"", status=407) as proxy:
        address = proxy.base_url.removeprefix("http://").removesuffix("/client/v4")
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@{address}")
        settings = ApiSettings(token="t", account_id="a", attempts=1)  # noqa: S106
        error = failure(settings)
    assert error.message == "connection failed: the proxy answers HTTP 407"
    assert proxy.paths == ["api.cloudflare.com:443"]
    assert proxy.headers[0]["proxy-authorization"] == "Basic dXNlcjpwYXNz"
    assert "authorization" not in proxy.headers[0]


def test_importing_the_room_loads_no_certificates_and_no_command_line() -> None:
    """Each is a tenth of a short run; what aiohttp would trust by itself is nobody."""
    program = (
        "import os, sys; before = dict(os.environ); import etl.realtimekit.http.transport; "
        "from aiohttp import connector; "
        "assert not connector._SSL_CONTEXT_VERIFIED.get_ca_certs(); "
        "assert not {'rich', 'pygments', 'httpx._main'} & set(sys.modules); assert before == dict(os.environ)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
