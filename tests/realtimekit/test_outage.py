"""An outage of ten seconds costs no meeting with the default settings."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from etl.realtimekit.live.fetch import fetch_sessions
from etl.settings import ApiSettings
from etl.values.meetings import Meeting, MeetingList
from etl.values.run import RunContext
from tests.realtimekit.bodies import HTML, NO_SESSION, room
from tests.realtimekit.plans import plan

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTAGE_SECONDS = 10.0


def answer(status: int, body: bytes) -> bytes:
    """A response that ends its connection."""
    return b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@contextmanager
def down_at_first(*, is_listening: bool) -> Iterator[str]:
    """A server that refuses connections, or answers 502, for ten seconds. After that every meeting is idle."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.05)
        ended, back_at = threading.Event(), time.monotonic() + OUTAGE_SECONDS

        def serve() -> None:
            if not is_listening:
                ended.wait(OUTAGE_SECONDS)
            listener.listen(128)
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(65536)
                    is_back = time.monotonic() >= back_at
                    connection.sendall(answer(404, room(404, NO_SESSION)) if is_back else answer(502, HTML))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/client/v4"
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("is_listening", [True, False])
def test_an_outage_of_ten_seconds_costs_no_meeting(*, is_listening: bool) -> None:
    """The attempts of the default outlast it, whatever is drawn for their waits."""
    listed = MeetingList(meetings=[Meeting("app", f"m{number}") for number in range(40)])
    with down_at_first(is_listening=is_listening) as base_url:
        settings = ApiSettings(token="t", account_id="a", base_url=base_url)  # noqa: S106  # of no API
        context = RunContext(now=lambda: datetime.now(UTC), sleep=asyncio.sleep)
        fetched = asyncio.run(fetch_sessions(listed, plan(), settings, context))
    assert (fetched.counts.idle, fetched.failures, fetched.errors) == (40, [], [])
    assert fetched.counts.requests <= 40 * settings.attempts
