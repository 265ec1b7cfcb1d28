"""Time that passes only while everybody waits: hours of a run in milliseconds, every event in its order."""

from __future__ import annotations

import asyncio
import functools
import selectors
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_P = ParamSpec("_P")

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class _Ahead(selectors.SelectSelector):
    """Where a loop would wait, its time moves on by so much."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now. It is an error that everybody waits and nothing will ever wake anyone."""
        if timeout is None:
            raise AssertionError("everybody waits, and nothing will ever wake anyone")
        self.elapsed += timeout
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose sleepers wake one after the other, and at once."""

    def __init__(self) -> None:
        self._ahead = _Ahead()
        super().__init__(self._ahead)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._ahead.elapsed


def in_virtual_time(test: Callable[_P, Coroutine[object, object, None]]) -> Callable[_P, None]:
    """Let a test be a coroutine, with the time of its own."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def elapsed() -> float:
    """Seconds since the test began."""
    return asyncio.get_running_loop().time()


def now() -> datetime:
    """The time, from START on."""
    return START + timedelta(seconds=elapsed())
