"""Time that passes only while everybody waits: hours of a run in milliseconds, in the true order of events."""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

_T = TypeVar("_T")

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class _NobodyIsLeftToWake(selectors.SelectSelector):
    """Where the loop would wait, time moves on by so much. Waiting for nothing at all is an error: all are stuck."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now."""
        if timeout is None:
            raise AssertionError("everybody waits, and nothing will ever wake anyone")
        self.elapsed += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose sleepers wake in the order of their time, without any time passing."""

    def __init__(self) -> None:
        self._virtual = _NobodyIsLeftToWake()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._virtual.elapsed


def elapsed() -> float:
    """Seconds since the run began."""
    return asyncio.get_running_loop().time()


def now() -> datetime:
    """The time, from START on."""
    return START + timedelta(seconds=elapsed())


def run(work: Coroutine[object, object, _T]) -> _T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
