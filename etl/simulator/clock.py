"""Instants as milliseconds, and the clocks that a simulator can go by: one that tests move, one that runs fast."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Count the whole milliseconds from 1970 to an instant (with a time zone)."""
    return (at - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Return the instant (UTC) of a number of milliseconds since 1970."""
    return _EPOCH + ms * _MILLISECOND


def to_iso(ms: int) -> str:
    """Write an instant as the API does: ISO 8601 with milliseconds and Z."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % SECOND:03d}Z"


class SimulatedClock:
    """A clock that stands still at `start` (with a time zone) until it is moved; threads may share it."""

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._at = _check_zone(start)

    def now(self) -> datetime:
        """Return the instant at which the clock stands."""
        with self._lock:
            return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move the clock on (or back, by a negative step) and return the new instant."""
        with self._lock:
            self._at += by
            return self._at

    def set(self, at: datetime) -> None:
        """Jump to an instant with a time zone."""
        with self._lock:
            self._at = _check_zone(at)


class FastClock:
    """A clock that runs `speed` times as fast as time, in this process and in processes that get it at their start.

    The processes share two numbers: the instant to which the clock was set, and the monotonic time of that moment.
    `present` is the real instant at which the clock is made. The clock waits where it would pass the present.
    """

    def __init__(self, start: datetime, *, speed: float, present: datetime | None = None) -> None:
        self._speed = speed
        # The present is computed from monotonic time, so that setting the machine's clock moves nothing back.
        self._present_offset = _check_zone(present).timestamp() - time.monotonic() if present else math.inf
        self._shared = get_context("spawn").Array("d", [_check_zone(start).timestamp(), time.monotonic()])

    def now(self) -> datetime:
        """Return the instant of this clock in UTC."""
        with self._shared:
            instant, set_at = self._shared[:]
        at = time.monotonic()
        return datetime.fromtimestamp(min(instant + (at - set_at) * self._speed, at + self._present_offset), UTC)

    def set(self, at: datetime) -> None:
        """Jump to an instant with a time zone, and run on from there."""
        with self._shared:
            self._shared[:] = [_check_zone(at).timestamp(), time.monotonic()]

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds of this clock."""
        await asyncio.sleep(seconds / self._speed)


def _check_zone(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: write it with one, as in 2026-01-05T12:00+00:00")
    return at
