"""The application on a socket: beside a test in a thread or a process, or for as long as a command runs."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from etl.simulator.answers import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from etl.simulator.answers import Answer

_HOST = "127.0.0.1"
_BASE_PATH = "/client/v4"
_TRANSPORT = "simulator.transport"
_SHUTDOWN_SECONDS = 1  # an answer that is slow on purpose must not hold up the end for longer
_TICK_SECONDS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSimulator:
    """A simulator that answers at `base_url` (the value for `CLOUDFLARE_API_BASE_URL`)."""

    app: Starlette
    base_url: str


@contextmanager
def serve(app: Starlette) -> Iterator[RunningSimulator]:
    """Serve the application on a free port of the loopback interface while the block runs, in a thread of its own.

    The socket listens before the block is entered, so that the first request can't come too early, and is closed
    when the block is left.
    """
    with _listen(0) as listener:
        server = _make_server(app)
        thread = threading.Thread(target=server.run, args=([listener],), name="simulator", daemon=True)
        thread.start()
        try:
            yield RunningSimulator(app=app, base_url=_format_url(listener))
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def serve_in_process(make_app: Callable[[], Starlette]) -> Iterator[str]:
    """Serve an application in a process of its own while the block runs; yields its base URL.

    For load: server and client share neither a core nor an interpreter lock. `make_app` is called in the process and
    must be picklable. The process ends with the block, and also when the calling process is killed.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run_in_process, args=(make_app, sender), name="simulator", daemon=True)
    process.start()
    sender.close()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()
        process.close()
        receiver.close()


def run_forever(app: Starlette, port: int, *, announce: Callable[[str], None]) -> None:
    """Serve the application until Ctrl-C or SIGTERM, then return; `announce` gets the base URL first.

    OSError if the port is taken. Call it from the main thread: Python delivers signals there.
    """
    with _listen(port) as listener:
        server = _make_server(app)
        with _stop_on_signals(server):
            announce(_format_url(listener))
            server.run([listener])


class BreakableProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 with each connection's transport in the scope: ASGI itself can't break a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn's own class
        """Take a connection, and keep its transport for the requests that come over it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


async def send_answer(
    answer: Answer, headers: list[tuple[bytes, bytes]], scope: Scope, receive: Receive, send: Send
) -> None:
    """Send an answer with further headers: whole, cut in the middle of its body, or not at all."""
    if answer.ending is Ending.DROPPED:
        await _close_connection(scope, receive)
        return
    length = b"%d" % len(answer.body)
    headers += [(b"content-type", answer.content_type), (b"content-length", length), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.ending is Ending.CUT:
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _close_connection(scope, receive)
        return
    await send({"type": "http.response.body", "body": answer.body})


async def _close_connection(scope: Scope, receive: Receive) -> None:
    # The transport still sends what was written: half an answer arrives as half an answer, not as a reset.
    scope["state"][_TRANSPORT].close()
    while (await receive())["type"] != "http.disconnect":
        pass


def _run_in_process(make_app: Callable[[], Starlette], base_url: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    run_forever(make_app(), 0, announce=base_url.send)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


class _Server(uvicorn.Server):
    """Uvicorn that stops fast, and does not raise signals a second time after it has stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the caller."""
        yield

    async def main_loop(self) -> None:
        """Check every 10 ms instead of every 100 ms if the server must stop: many tests wait for that."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            await asyncio.sleep(_TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  # uvicorn's own name
        """Wait as long as connections and answers take to end, where uvicorn waits for 100 ms at least."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        clock = asyncio.get_running_loop().time
        end = clock() + _SHUTDOWN_SECONDS
        while (self.server_state.connections or self.server_state.tasks) and clock() < end:  # noqa: ASYNC110  # uvicorn has no event
            await asyncio.sleep(_TICK_SECONDS / 10)
        for task in self.server_state.tasks:
            task.cancel()


def _make_server(app: Starlette) -> _Server:
    config = uvicorn.Config(
        app,
        http=BreakableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
    )
    return _Server(config)


def _listen(port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only on such sockets. Without it, every answer waits
    # 40 ms between its two pieces until the peer has acknowledged the first.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _format_url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}{_BASE_PATH}"


@contextmanager
def _stop_on_signals(server: uvicorn.Server) -> Iterator[None]:
    def stop(_number: int, _frame: object) -> None:
        """Let the server stop when it has answered."""
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
