"""The time-out of a response: whenever it comes, the client can be used afterwards."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest

from etl.errors import FailureKind, TryAgain
from etl.realtimekit.http.session import open_session
from etl.values.fetch import IDLE, FetchCounts
from etl.values.run import RunContext
from tests.conftest import FREE, START
from tests.realtimekit.bodies import NO_SESSION, room
from tests.realtimekit.http.test_client import MEETING, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TIMEOUT = timedelta(seconds=0.1)
_BODY = room(404, NO_SESSION)
ANSWER = b"HTTP/1.1 404 X\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class Connection(httpcore.AsyncNetworkStream):
    """A connection that gives some data and then ends. Its steps take so many seconds."""

    def __init__(self, data: bytes, *, read_seconds: float, close_seconds: float) -> None:
        self._data = data
        self._read_seconds = read_seconds
        self._close_seconds = close_seconds

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109, ARG002  # as the base has it
        """Give all data at once."""
        await asyncio.sleep(self._read_seconds)
        data, self._data = self._data, b""
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as the base has it
        """Take any request."""

    async def aclose(self) -> None:
        """Close slowly, as over TLS."""
        await asyncio.sleep(self._close_seconds)

    def get_extra_info(self, info: str) -> Any:  # as the base has it
        """Nothing waits to be read."""
        return False if info == "is_readable" else None


class Backend(httpcore.AsyncNetworkBackend):
    """Opens these connections one after the other. The first one takes so many seconds.

    While it opens, the machine may be too busy to do anything else.
    """

    def __init__(self, *connections: Connection, open_seconds: float = 0.0, is_busy: bool = False) -> None:
        self._connections = iter(connections)
        self._open_seconds = open_seconds
        self._is_busy = is_busy

    async def connect_tcp(self, *_arguments: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        """Open the next connection."""
        seconds, self._open_seconds = self._open_seconds, 0.0
        if self._is_busy:
            time.sleep(seconds)  # noqa: ASYNC251  # nothing else runs meanwhile, and that is the point
            await asyncio.sleep(0)  # the time-out comes at the next step that waits
        else:
            await asyncio.sleep(seconds)
        return next(self._connections)


class Body(httpx.AsyncByteStream):
    """The body of a response of httpcore."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts of the body."""
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        """Close the response."""
        await self._response.aclose()


class Transport(httpx.AsyncBaseTransport):
    """One connection at a time, as every worker has it."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._pool = httpcore.AsyncConnectionPool(max_connections=1, network_backend=backend)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through the pool."""
        target = httpcore.URL(str(request.url))
        headers = [(name, value) for name, value in request.headers.raw]
        response = await self._pool.handle_async_request(httpcore.Request("GET", target, headers=headers))
        return httpx.Response(response.status, headers=response.headers, stream=Body(response))


async def ask_twice(backend: Backend) -> tuple[FailureKind, object]:
    """Ask for a meeting twice: the kind of the first failure, and the second answer."""
    context = RunContext(now=lambda: START, sleep=asyncio.sleep, transport=Transport(backend))
    settings = settings_for("http://127.0.0.1", timeout=TIMEOUT, limits=FREE)
    async with open_session(settings, context, FetchCounts()) as session, session.client() as client:
        with pytest.raises(TryAgain) as caught:
            await client.active_session(MEETING)
        return caught.value.kind, await client.active_session(MEETING)


GOOD = {"read_seconds": 0.0, "close_seconds": 0.0}


def test_a_time_out_just_after_a_connection_was_opened_leaves_the_client_usable() -> None:
    """The time is up when the connection is open, and the next step of httpcore can't be cancelled by anyio.

    Cancelled there by asyncio.timeout, httpcore would keep the only connection of the client in use. Every later
    request would then time out.
    """
    backend = Backend(Connection(ANSWER, **GOOD), Connection(ANSWER, **GOOD), open_seconds=0.2, is_busy=True)
    assert asyncio.run(ask_twice(backend)) == (FailureKind.TIMEOUT, IDLE)


@pytest.mark.parametrize("close_seconds", [0.15, 0.3])
@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"not HTTP\r\n\r\n"])
def test_a_time_out_while_a_connection_is_closed_leaves_the_client_usable(data: bytes, close_seconds: float) -> None:
    """The server has dropped the connection, and closing it takes longer than the time-out."""
    dropped = Connection(data, read_seconds=0.0, close_seconds=close_seconds)
    kind, answer = asyncio.run(ask_twice(Backend(dropped, Connection(ANSWER, **GOOD))))
    assert kind in {FailureKind.TIMEOUT, FailureKind.CONNECTION}
    assert answer is IDLE


@pytest.mark.parametrize(("open_seconds", "read_seconds"), [(5.0, 0.0), (0.0, 5.0)])
def test_a_time_out_while_a_connection_opens_or_is_read_leaves_the_client_usable(
    open_seconds: float, read_seconds: float
) -> None:
    """The connection is replaced, although closing it takes longer than the time-out."""
    slow = Connection(ANSWER, read_seconds=read_seconds, close_seconds=0.2)
    backend = Backend(*[slow] * (read_seconds > 0), Connection(ANSWER, **GOOD), open_seconds=open_seconds)
    assert asyncio.run(ask_twice(backend)) == (FailureKind.TIMEOUT, IDLE)
