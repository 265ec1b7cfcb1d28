"""At most so many events in any window of so many seconds, by a clock of one's own."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.settings import Limits
    from etl.values.fetch import Spending

# Events this near to each other, as a share of the window, are kept as one: a window may allow a million.
_GRAIN = 0.001
# Requests take differently long to arrive, so that the API may see them nearer to each other than they left: our own
# log keeps them longer by this share of the window, and by a second at most.
_ON_THE_WAY = 0.01


class _Events(NamedTuple):
    """Some events; they are forgotten together, a window after the `last`."""

    first: float
    last: float
    number: int


class RollingLimit:
    """Counts events against a limit that holds for every window of that length, wherever it begins.

    Instants are seconds of any clock. One that is set back makes everything counted as late as now.
    """

    def __init__(self, events: int, seconds: float) -> None:
        self.events = events
        self.seconds = seconds
        self._log: deque[_Events] = deque()
        self._counted = 0

    def note(self, instant: float, events: int = 1) -> None:
        """Count events; instants come in order."""
        self._counted += events
        latest = self._log[-1] if self._log else None
        if latest and instant - latest.first <= self.seconds * _GRAIN:
            self._log[-1] = _Events(latest.first, instant, latest.number + events)
        else:
            self._log.append(_Events(instant, instant, events))

    def free(self, now: float) -> int:
        """How many events may happen now."""
        self._forget(now)
        return max(0, self.events - self._counted)

    def wait(self, now: float) -> float:
        """Seconds until an event may happen; 0 where it may now."""
        self._forget(now)
        surplus = self._counted - self.events + 1
        freed_at = now
        for some in self._log:
            if surplus <= 0:
                break
            surplus -= some.number
            freed_at = some.last + self.seconds
        return max(0.0, freed_at - now)

    def _forget(self, now: float) -> None:
        """Drop what is older than the window."""
        if self._log and self._log[-1].last > now:
            self._log = deque([_Events(now, now, self._counted)])
        while self._log and self._log[0].last + self.seconds <= now:
            self._counted -= self._log.popleft().number


def spent_log(limits: Limits, spent: Iterable[Spending]) -> RollingLimit:
    """A log of the requests that are ours within the API's limit, with those that earlier runs have spent.

    It keeps them a little longer than a window: what leaves here in one may reach the API in the next.
    """
    seconds = limits.rate.seconds
    log = RollingLimit(limits.usable, seconds + min(1.0, seconds * _ON_THE_WAY))
    for spending in sorted(spent):
        log.note(spending.at.timestamp(), spending.requests)
    return log


def schedule(events: int, limit: RollingLimit, now: float, *, a_second: float) -> float:
    """Seconds that so many more events take when each happens as soon as it may, `a_second` of them at most."""
    at = now
    while events > (free := limit.free(at)):
        if free == limit.events:  # from here on, one window is like the other
            windows = (events - 1) // free
            return at - now + windows * limit.seconds + (events - windows * free) / a_second
        limit.note(at, free)
        events -= free
        at += max(limit.wait(at), math.ulp(at))
    return at - now + events / a_second
