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
    from contextlib import AbstractContextManager

    import duckdb

_T = TypeVar("_T")
_REPEAT_SECONDS = 0.05


def run_interruptibly(
    opened: AbstractContextManager[duckdb.DuckDBPyConnection], function: Callable[[duckdb.DuckDBPyConnection], _T]
) -> _T:
    """Open a connection, and return what a function returns for it. Raises KeyboardInterrupt if Ctrl-C ended it."""
    with _note_ctrl_c() as noted, opened as connection, ThreadPoolExecutor(max_workers=1) as pool:
        result = pool.submit(function, connection)
        while wait([result], timeout=_REPEAT_SECONDS).not_done:
            if noted.is_set():
                connection.interrupt()  # repeated, because it has no effect between two queries
        return result.result()


@contextlib.contextmanager
def _note_ctrl_c() -> Iterator[threading.Event]:
    """Note the first Ctrl-C, and raise KeyboardInterrupt at the end; a second one ends the process at once.

    Only the main thread can handle signals.
    """
    noted = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield noted
        return

    def note(_number: int, _frame: object) -> None:
        """Note the first Ctrl-C. The second one ends the process."""
        noted.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
        if noted.is_set():
            raise KeyboardInterrupt
