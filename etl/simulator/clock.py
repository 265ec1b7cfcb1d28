"""Clocks to be the `now` of a world: one that only moves when told to, one that runs fast in several processes."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


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


class FastClock:
    """Runs `speed` times as fast as time, in this process and in those that it is handed to when they start.

    What the processes share is the instant it was set to, and when; the monotonic clock is the machine's.
    """

    def __init__(self, start: datetime, *, speed: float) -> None:
        self._speed = speed
        self._set_to_at = get_context("spawn").Array("d", [_aware(start).timestamp(), time.monotonic()])

    def now(self) -> datetime:
        """Tell the instant, in UTC."""
        with self._set_to_at:
            instant, since = self._set_to_at[:]
        return datetime.fromtimestamp(instant + (time.monotonic() - since) * self._speed, UTC)

    def set(self, at: datetime) -> None:
        """Jump to an instant with a time zone, and run on from there."""
        with self._set_to_at:
            self._set_to_at[:] = [_aware(at).timestamp(), time.monotonic()]

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await asyncio.sleep(seconds / self._speed)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: say which instant is meant")
    return at
