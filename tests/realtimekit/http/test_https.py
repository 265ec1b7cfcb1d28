"""Requests over TLS: the server has to prove its identity, and connections are kept."""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme

from etl.jobs.prepare import uuid7
from etl.realtimekit.live.fetch import fetch_sessions
from etl.settings import ApiSettings
from etl.values.meetings import Meeting, MeetingList
from etl.values.run import RunContext
from tests.conftest import FREE, START
from tests.realtimekit.plans import plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from etl.values.fetch import FetchResult

IDLE = b'{"success":false,"error":{"code":404,"message":"No active session found for meeting_id it"}}'


class Idle(BaseHTTPRequestHandler):
    """Says of every meeting that it has no session, over a connection that is kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(404)
        self.send_header("Content-Length", str(len(IDLE)))
        self.end_headers()
        self.wfile.write(IDLE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the class has it
        """Say nothing."""


class Secure(ThreadingHTTPServer):
    """An HTTPS server that counts the connections it accepts."""

    connections = 0

    def process_request(self, request: object, client_address: object) -> None:
        """Count a connection whose handshake was good."""
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]  # passed on as they came

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is not an error here."""


@contextmanager
def secure_server(authority: trustme.CA) -> Iterator[Secure]:
    """Serve over TLS on the loopback interface, with a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Secure(("127.0.0.1", 0), Idle) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def fetch(server: Secure, *, meetings: int) -> FetchResult:
    """Fetch some meetings, four at a time."""
    url = f"https://127.0.0.1:{server.server_address[1]}/client/v4"
    token = "a-token"  # noqa: S105  # it opens nothing
    settings = ApiSettings(token=token, account_id="a", base_url=url, concurrency=4, attempts=1, limits=FREE)
    asked = MeetingList(meetings=[Meeting("app", str(uuid7(START))) for _ in range(meetings)])
    return asyncio.run(fetch_sessions(asked, plan(), settings, RunContext(now=lambda: START, sleep=asyncio.sleep)))


def test_connections_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake costs more than many requests: there is one per worker, not one per meeting."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with secure_server(authority) as server:
        fetched = fetch(server, meetings=80)
    assert (fetched.counts.idle, fetched.failures) == (80, [])
    assert server.connections <= 4


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the server's side of a handshake that was refused
def test_a_server_without_a_trusted_certificate_gets_no_request() -> None:
    """The token is sent only to a server that proves its identity."""
    with secure_server(trustme.CA()) as server:
        fetched = fetch(server, meetings=1)
    assert fetched.counts.failed == 1
    assert "certificate" in fetched.failures[0].message
