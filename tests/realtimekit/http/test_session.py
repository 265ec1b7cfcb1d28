"""The way to the API: proxies, cookies, connections that drop, and clients that are used again."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from etl.errors import ConfigError, FailureKind, TryAgain
from etl.realtimekit.http.session import open_session
from etl.settings import CLOUDFLARE_BASE_URL, ApiSettings
from etl.values.fetch import IDLE, FetchCounts
from etl.values.meetings import Meeting
from etl.values.run import RunContext
from tests.conftest import FREE, START
from tests.realtimekit.bodies import NO_SESSION, room
from tests.realtimekit.http.test_client import MEETING, failure, settings_for
from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.realtimekit.http.client import RealtimeKit

NO_SUCH_HOST = "https://nowhere.invalid/client/v4"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def address(base_url: str) -> str:
    """The host and port of a server."""
    return base_url.split("/")[2]


def context() -> RunContext:
    """A clock that stands still, and waits as they are."""
    return RunContext(now=lambda: START, sleep=asyncio.sleep)


def test_the_proxy_of_the_environment_is_used_with_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy receives its own credentials, and not the token."""
    with answering(b"", status=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@{address(proxy.base_url)}")
        error = failure(ApiSettings(token="secret-token", account_id="a", attempts=1))  # noqa: S106  # of no API
    assert error.message == f"no answer from {CLOUDFLARE_BASE_URL}: the proxy answers 407 X"
    assert proxy.paths == ["api.cloudflare.com:443"]
    assert proxy.headers[0]["proxy-authorization"] == "Basic dXNlcjpwYXNz"
    assert "authorization" not in proxy.headers[0]


def test_a_host_that_the_environment_exempts_has_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY names it; here the host does not exist, so that nothing is sent."""
    with answering(b"", status=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address(proxy.base_url)}")
        assert failure(settings_for(NO_SUCH_HOST)).message.startswith(
            f"no answer from {NO_SUCH_HOST}: the proxy answers"
        )
        monkeypatch.setenv("NO_PROXY", "invalid")
        assert "proxy" not in failure(settings_for(NO_SUCH_HOST)).message
    assert proxy.paths == ["nowhere.invalid:443"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Plain http would show the token to the proxy."""
    with answering(b"", status=407) as proxy, answering(b"{}") as server:
        monkeypatch.setenv(name, f"http://{address(proxy.base_url)}")
        failure(settings_for(server.base_url))
    assert (len(server.paths), proxy.paths) == (1, [])


NOT_USABLE = [
    *("socks5://127.0.0.1:1080", "socks://127.0.0.1:1080", "http://here:port", "ftp://here", "http://", "http:///x"),
    *("http://here:99999", "http://here:0", "http://here:-1", "http://xn--zzzzzz99999:3128", "http://[::1"),
]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("proxy", NOT_USABLE)
def test_a_proxy_that_is_not_usable_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, name: str, proxy: str) -> None:
    """The run ends before its first request. The message names the variable, and not the URL with its password."""
    monkeypatch.setenv(name, proxy)
    with pytest.raises(ConfigError, match=rf"in {name} is not usable.*SOCKS proxies are not supported") as caught:
        failure(settings_for(NO_SUCH_HOST))
    assert proxy not in str(caught.value).replace("http://host:3128", "")


@pytest.mark.parametrize("proxy", NOT_USABLE)
@pytest.mark.parametrize(
    ("variables", "base_url"),
    [
        ({"HTTP_PROXY": ""}, NO_SUCH_HOST),
        ({"ALL_PROXY": "", "HTTPS_PROXY": "good"}, NO_SUCH_HOST),
        ({"HTTPS_PROXY": "", "NO_PROXY": "invalid"}, NO_SUCH_HOST),
        ({"ALL_PROXY": "", "no_proxy": "*"}, NO_SUCH_HOST),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "", "HTTP_PROXY": ""}, "http://127.0.0.1:9"),
        ({"HTTPS_PROXY": ""}, "https://[::1]:9"),
    ],
)
def test_a_proxy_that_is_not_used_stops_no_run(
    monkeypatch: pytest.MonkeyPatch, proxy: str, variables: dict[str, str], base_url: str
) -> None:
    """The proxy is for other URLs or for exempted hosts, or another variable comes first."""
    with answering(b"", status=407) as good:
        for name, value in variables.items():
            is_good, is_exemption = value == "good", name.lower() == "no_proxy"
            monkeypatch.setenv(name, address(good.base_url) if is_good else value if is_exemption else proxy)
        error = failure(settings_for(base_url))
    assert error.kind is FailureKind.CONNECTION
    assert ("the proxy answers 407" in error.message) == ("good" in variables.values())


@pytest.mark.parametrize(
    "exempted", ["a b,[::,*.foo,10.0.0.0/8,x:y:z,http://,\xe9", "(", "[", ",,", "nowhere", "valid"]
)
def test_an_exemption_that_is_not_valid_stops_no_run(monkeypatch: pytest.MonkeyPatch, exempted: str) -> None:
    """The value exempts no host."""
    with answering(b"", status=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address(proxy.base_url)}")
        monkeypatch.setenv("NO_PROXY", exempted)
        assert "the proxy answers 407" in failure(settings_for(NO_SUCH_HOST)).message


@pytest.mark.parametrize("exempted", ["nowhere.invalid", ".invalid", "invalid", "x, nowhere.invalid:443", "*"])
def test_an_exemption_may_name_a_host_a_domain_or_a_port(monkeypatch: pytest.MonkeyPatch, exempted: str) -> None:
    """Nothing is sent to the proxy."""
    with answering(b"", status=407) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://{address(proxy.base_url)}")
        monkeypatch.setenv("NO_PROXY", exempted)
        assert "proxy" not in failure(settings_for(NO_SUCH_HOST)).message
    assert proxy.paths == []


@pytest.mark.parametrize("host", ["xn--zzzzzz99999", "xn--a", "256.1.1.1"])
def test_a_base_url_with_a_host_that_does_not_exist_is_a_wrong_setting(host: str) -> None:
    """No request can name it. Otherwise every meeting would seem to have an ID that is not valid."""
    with pytest.raises(ConfigError, match=f"--base-url names the host '{host}', which is not valid"):
        failure(settings_for(f"https://{host}/client/v4"))


def test_no_cookie_is_sent_back() -> None:
    """Cloudflare sets one with every response; the API needs none."""

    async def ask_twice(base_url: str) -> None:
        async with open_session(settings_for(base_url), context(), FetchCounts()) as session:
            for _ in range(2):
                async with session.client() as client:
                    assert await client.active_session(MEETING) is IDLE

    with answering(room(404, NO_SESSION), status=404, headers={"Set-Cookie": "__cf_bm=1; path=/"}) as server:
        asyncio.run(ask_twice(server.base_url))
    assert ["cookie" in headers for headers in server.headers] == [False, False]


# Connections that drop


class EverySecondDrops(BaseHTTPRequestHandler):
    """Answers over a connection that is kept, but drops the connection at every second request."""

    protocol_version = "HTTP/1.1"
    server: DroppingServer

    def do_GET(self) -> None:
        """Count the request, and answer or drop the connection."""
        self.server.requests += 1
        if self.server.requests % 2 == 0:
            if self.server.is_abrupt:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        body = room(404, NO_SESSION)
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the class has it
        """Say nothing."""


class DroppingServer(ThreadingHTTPServer):
    """A server that counts the requests it receives."""

    daemon_threads = True
    requests = 0
    is_abrupt = False


@contextmanager
def dropping(*, is_abrupt: bool) -> Iterator[DroppingServer]:
    """Serve on the loopback interface, and end connections in the middle with FIN, or with RST if that is abrupt."""
    with DroppingServer(("127.0.0.1", 0), EverySecondDrops) as server:
        server.is_abrupt = is_abrupt
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


async def outcome(client: RealtimeKit) -> object:
    """Ask once: the answer, or the kind of its failure."""
    try:
        return await client.active_session(Meeting("app", "meeting"))
    except TryAgain as error:
        return error.kind


@pytest.mark.parametrize("is_abrupt", [False, True])
def test_a_request_is_not_sent_again_unseen_when_a_kept_connection_drops(*, is_abrupt: bool) -> None:
    """The budget has counted every request that the server has received."""
    counts = FetchCounts()

    async def ask(base_url: str) -> list[object]:
        settings = settings_for(base_url, limits=FREE)
        async with open_session(settings, context(), counts) as session, session.client() as client:
            return [await outcome(client) for _ in range(5)]

    with dropping(is_abrupt=is_abrupt) as server:
        outcomes = asyncio.run(ask(f"http://127.0.0.1:{server.server_address[1]}/client/v4"))
    assert outcomes == [IDLE, FailureKind.CONNECTION, IDLE, FailureKind.CONNECTION, IDLE]
    assert server.requests == counts.requests == 5
    assert counts.retries == 0


def test_an_error_that_quotes_a_malformed_response_holds_no_token() -> None:
    """The response may quote the request."""
    with answering(b"HTTP/1.1 200 OK\r\nno header Bearer secret-token\r\n\r\n", is_raw=True) as server:
        error = failure(settings_for(server.base_url))
    assert error.kind is FailureKind.CONNECTION
    assert "[token]" in error.message
    assert "secret" not in error.message


def test_a_client_that_was_given_back_is_used_again() -> None:
    """So that the second half of a fetch uses the connections of the first."""

    async def borrow() -> tuple[object, object, object]:
        async with open_session(settings_for("http://127.0.0.1:1"), context(), FetchCounts()) as session:
            async with session.client() as first, session.client() as second:
                pass
            async with session.client() as third:
                return first, second, third

    first, second, third = asyncio.run(borrow())
    assert first is not second
    assert third in {first, second}
