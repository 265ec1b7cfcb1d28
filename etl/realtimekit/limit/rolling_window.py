"""A rolling window: at most so many events in any period of so many seconds, measured by a clock of the caller."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.settings import Limits
    from etl.values.fetch import Spending

# Events within this share of the window are stored as one entry, because a window may allow a million.
_ENTRY_SHARE = 0.001
# Requests take differently long to arrive, so the API may see them closer together than they were sent. The log keeps
# them longer by this share of the window, and by at most so many seconds.
_NETWORK_SHARE = 0.01
_NETWORK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """Events that were recorded between two instants. They expire together, one window after the last of them."""

    first_at: float
    last_at: float
    events: int


class RollingWindow:
    """Counts events against a limit that holds for every window of that length, wherever the window begins.

    Instants are seconds of any clock. If the clock is set back, all recorded events count as if they happened now.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._entries: deque[_Entry] = deque()
        self._counted = 0

    def record(self, instant: float, events: int = 1) -> None:
        """Count events. Instants must not decrease from call to call."""
        self._counted += events
        latest = self._entries[-1] if self._entries else None
        if latest and instant - latest.first_at <= self.seconds * _ENTRY_SHARE:
            self._entries[-1] = _Entry(first_at=latest.first_at, last_at=instant, events=latest.events + events)
        else:
            self._entries.append(_Entry(first_at=instant, last_at=instant, events=events))

    def remaining(self, now: float) -> int:
        """Return the number of events that may happen now."""
        self._expire(now)
        return max(0, self.limit - self._counted)

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until an event may happen, or 0 if it may happen now."""
        self._expire(now)
        surplus = self._counted - self.limit + 1
        free_at = now
        for entry in self._entries:
            if surplus <= 0:
                break
            surplus -= entry.events
            free_at = entry.last_at + self.seconds
        return max(0.0, free_at - now)

    def _expire(self, now: float) -> None:
        """Remove the entries that are older than the window."""
        if self._entries and self._entries[-1].last_at > now:
            self._entries = deque([_Entry(first_at=now, last_at=now, events=self._counted)])
        while self._entries and self._entries[0].last_at + self.seconds <= now:
            self._counted -= self._entries.popleft().events


def request_log(limits: Limits, spent: Iterable[Spending]) -> RollingWindow:
    """Return a log of our requests within the API's limit, which already holds those of earlier runs.

    It keeps requests slightly longer than a window, because requests sent in one window may arrive in the next.
    """
    seconds = limits.rate.seconds
    log = RollingWindow(limits.usable, seconds + min(_NETWORK_SECONDS, seconds * _NETWORK_SHARE))
    for spending in sorted(spent, key=lambda spending: spending.finished_at):
        log.record(spending.finished_at.timestamp(), spending.requests)
    return log


def seconds_needed(events: int, window: RollingWindow, now: float, *, events_per_second: float) -> float:
    """Return the shortest time in which so many more events can happen, at `events_per_second` at most."""
    at = now
    while events > (remaining := window.remaining(at)):
        if remaining == window.limit:  # the window is empty, so all following windows are alike
            windows = (events - 1) // remaining
            return at - now + windows * window.seconds + (events - windows * remaining) / events_per_second
        window.record(at, remaining)
        events -= remaining
        at += max(window.wait_seconds(at), math.ulp(at))
    return at - now + events / events_per_second
