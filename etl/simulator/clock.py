"""A clock that only moves when told to: the `now` of a world that is under test."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class SimulatedClock:
    """Stands still at `start` (with a time zone) until it is moved; safe to share between threads."""

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._at = _aware(start)

    def now(self) -> datetime:
        """Tell the instant; pass this method wherever a `now` is asked for."""
        with self._lock:
            return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move on (or back, with a negative step) and tell the new instant."""
        with self._lock:
            self._at += by
            return self._at

    def set(self, at: datetime) -> None:
        """Jump to an instant with a time zone."""
        with self._lock:
            self._at = _aware(at)


class FastClock(SimulatedClock):
    """Runs `speed` times as fast as time, from wherever it was set; waiting on it is as much shorter."""

    def __init__(self, start: datetime, *, speed: float) -> None:
        super().__init__(start)
        self._speed = speed
        self._since = time.monotonic()

    def now(self) -> datetime:
        """Tell the instant."""
        return super().now() + timedelta(seconds=(time.monotonic() - self._since) * self._speed)

    def set(self, at: datetime) -> None:
        """Jump to an instant with a time zone, and run on from there."""
        self._since = time.monotonic()
        super().set(at)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await asyncio.sleep(seconds / self._speed)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: say which instant is meant")
    return at
