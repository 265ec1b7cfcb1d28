"""Time that passes only while all tasks wait: hours of a run take milliseconds, with all events in order."""

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


class _ForwardSelector(selectors.SelectSelector):
    """A selector that moves the time forward instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now. It is an error if all tasks wait and nothing can wake them."""
        if timeout is None:
            raise AssertionError("all tasks wait, and nothing can wake them")
        self.elapsed += timeout
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that runs in virtual time."""

    def __init__(self) -> None:
        self._selector = _ForwardSelector()
        super().__init__(self._selector)

    def time(self) -> float:
        """Return the seconds since the loop was made."""
        return self._selector.elapsed


def in_virtual_time(test: Callable[_P, Coroutine[object, object, None]]) -> Callable[_P, None]:
    """Run a test that is a coroutine in virtual time."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def elapsed() -> float:
    """Return the seconds since the test began."""
    return asyncio.get_running_loop().time()


def now() -> datetime:
    """Return the virtual time, which begins at START."""
    return START + timedelta(seconds=elapsed())
