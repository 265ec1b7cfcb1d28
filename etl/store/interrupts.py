"""Ctrl-C while DuckDB works.

DuckDB and polars each look for signals in their own way, and one that comes as a query begins is lost between them, or
worse. So another thread does the work; the main one waits, notes the signal, and interrupts the connection.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

_T = TypeVar("_T")
_AGAIN_SECONDS = 0.05


class InterruptibleConnection:
    """A connection that another thread may interrupt for as long as it is in use, and not a moment longer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextlib.contextmanager
    def using(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """The connection is in use."""
        self._set(connection)
        try:
            yield
        finally:
            self._set(None)

    def interrupt(self) -> None:
        """End the query that is under way, if one is."""
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()

    def _set(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        with self._lock:
            self._connection = connection


def run_interruptibly(job: Callable[[InterruptibleConnection], _T]) -> _T:
    """Do a job in a thread of its own; raises KeyboardInterrupt where Ctrl-C ended it."""
    interruptible = InterruptibleConnection()
    with _ctrl_c_noted() as noted, ThreadPoolExecutor(max_workers=1) as pool:
        done = pool.submit(job, interruptible)
        while wait([done], timeout=_AGAIN_SECONDS).not_done:
            if noted.is_set():
                interruptible.interrupt()  # which counts for a query under way only, so that it is said again
    if noted.is_set():
        raise KeyboardInterrupt
    return done.result()


@contextlib.contextmanager
def _ctrl_c_noted() -> Iterator[threading.Event]:
    """Note the first Ctrl-C; a second one ends the process at once. Only the main thread can be told of signals."""
    noted = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield noted
        return

    def note(_number: int, _frame: object) -> None:
        noted.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
