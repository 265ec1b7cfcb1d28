"""Ctrl-C while DuckDB works.

DuckDB and polars both handle signals themselves, and a signal that arrives as a query begins can get lost. So another
thread runs the query. The main thread waits, notes the signal, and interrupts the connection.
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
_REPEAT_SECONDS = 0.05


class InterruptibleConnection:
    """A connection that another thread can interrupt while it is in use, and only then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextlib.contextmanager
    def using(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Mark the connection as in use."""
        self._set(connection)
        try:
            yield
        finally:
            self._set(None)

    def interrupt(self) -> None:
        """Interrupt the query that is running, if there is one."""
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()

    def _set(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        with self._lock:
            self._connection = connection


def run_interruptibly(function: Callable[[InterruptibleConnection], _T]) -> _T:
    """Run a function in a thread and return its result. Raises KeyboardInterrupt if Ctrl-C ended it."""
    connection = InterruptibleConnection()
    with _note_ctrl_c() as noted, ThreadPoolExecutor(max_workers=1) as pool:
        result = pool.submit(function, connection)
        while wait([result], timeout=_REPEAT_SECONDS).not_done:
            if noted.is_set():
                connection.interrupt()  # repeated, because it has no effect between two queries
    if noted.is_set():
        raise KeyboardInterrupt
    return result.result()


@contextlib.contextmanager
def _note_ctrl_c() -> Iterator[threading.Event]:
    """Note the first Ctrl-C; a second one ends the process. Only the main thread can handle signals."""
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
