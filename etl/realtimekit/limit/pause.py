"""A pause of all requests, and the time that pauses cost a run. Instants are seconds of one clock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.values.fetch import FetchCounts

CLOCK_RESOLUTION = 1e-6  # seconds: the clock can't tell shorter times apart


class Pause:
    """The current pause of a run. `counts` shows it, and `on_change` is called when it begins or ends."""

    def __init__(self, counts: FetchCounts, on_change: Callable[[], None]) -> None:
        self._counts = counts
        self._on_change = on_change
        self._ends_at = -math.inf
        self._seconds = 0.0

    def extend(self, now: float, seconds: float) -> None:
        """Pause for so many seconds from now. Overlapping pauses last as long as the longest, and count once."""
        left = self.seconds_left(now)
        if seconds > left:
            self._counts.waited_seconds += seconds - left
            self._ends_at, self._seconds = now + seconds, seconds
            self.show(seconds)

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the pause ends, or 0 without a pause.

        The result is never longer than the pause itself: a clock that was set back ends the pause, because nobody knows
        how much of it is left.
        """
        left = self._ends_at - now
        return left if 0 < left <= self._seconds + CLOCK_RESOLUTION else 0.0

    def cancel(self, now: float) -> None:
        """End the pause, and subtract the time that is not waited for."""
        self._counts.waited_seconds -= self.seconds_left(now)
        self._ends_at = -math.inf
        self._counts.pause_seconds_left = 0.0

    def show(self, seconds_left: float) -> None:
        """Update the counts, and report a pause that begins, grows or ends."""
        shown = self._counts.pause_seconds_left
        if seconds_left > shown or (shown and not seconds_left):
            self._counts.pause_seconds_left = seconds_left
            self._on_change()
