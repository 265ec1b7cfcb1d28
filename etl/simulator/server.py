"""The application on a socket: in a thread beside a test, or for as long as a command runs."""

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

from etl.simulator.wire import BreakableProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from starlette.applications import Starlette

_HOST = "127.0.0.1"
_BASE_PATH = "/client/v4"
# An answer that is slow on purpose must not hold up the end for long, in seconds.
_PATIENCE = 1


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that answers at `base_url` (what `CLOUDFLARE_API_BASE_URL` is set to)."""

    app: Starlette
    base_url: str


@contextmanager
def serve(app: Starlette, *, port: int = 0) -> Iterator[RunningSimulator]:
    """Serve the application on the loopback interface while the block runs; port 0 takes a free one.

    It runs in a thread of its own; the socket listens before the block is entered, so the first request
    can't come too early, and is closed when the block is left.
    """
    with _listen(port) as listener:
        server = _server(app)
        thread = threading.Thread(target=server.run, args=([listener],), name="simulator", daemon=True)
        thread.start()
        try:
            yield RunningSimulator(app, _url(listener))
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def serve_apart(make_app: Callable[[], Starlette]) -> Iterator[str]:
    """Serve an application in a process of its own while the block runs; yields its base URL.

    For load: server and client then share neither core nor interpreter lock. `make_app` is called there and
    must be picklable. The process ends with the block, and with this process however that ends.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve_apart, args=(make_app, sender), name="simulator", daemon=True)
    process.start()
    sender.close()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()
        process.close()
        receiver.close()


def _serve_apart(make_app: Callable[[], Starlette], base_url: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    run_forever(make_app(), 0, announce=base_url.send)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def run_forever(app: Starlette, port: int, *, announce: Callable[[str], None]) -> None:
    """Serve the application until Ctrl-C or SIGTERM, then return; `announce` is told the base URL first.

    OSError if the port is taken. To be called from the main thread, where Python delivers signals.
    """
    with _listen(port) as listener:
        server = _server(app)
        with _stopped_by_signals(server):
            announce(_url(listener))
            server.run([listener])


class _Server(uvicorn.Server):
    """Uvicorn that stops fast, and whose signals do not come a second time once it has stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the caller."""
        yield

    async def main_loop(self) -> None:
        """Look every 10 ms whether to stop, not every 100 ms: a test waits for it, and tests are many."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            await asyncio.sleep(0.01)


def _server(app: Starlette) -> _Server:
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
        timeout_graceful_shutdown=_PATIENCE,
    )
    return _Server(config)


def _listen(port: int) -> socket.socket:
    # Named TCP, because asyncio sends without delay (TCP_NODELAY) on such sockets only; else every answer,
    # written in two pieces, waits 40 ms for the peer to acknowledge the first.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}{_BASE_PATH}"


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
