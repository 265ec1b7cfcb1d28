"""The windows of the API's limits, as the headers of its responses report them. Instants are seconds of one clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.realtimekit.limit.headers import RateLimit
    from etl.settings import Limits

ROUNDING_SECONDS = 1.0  # the API reports whole seconds, and not how it rounds them
# The longest time until a window is asked about again, whatever reset the API reports.
_LONGEST_SECONDS = 3600.0


@dataclass(slots=True, kw_only=True)
class _Window:
    """A window that was first reported at `reported_at` and ends between `earliest_end` and `latest_end`."""

    quota: int
    remaining: int
    reported_at: float
    earliest_end: float
    latest_end: float


class ReportedWindows:
    """The latest reported window of each limit.

    `is_probed` is False while nothing is known: at the start, and after the clock was set back. Then one request has to
    find out which windows there are.
    """

    def __init__(self, limits: Limits) -> None:
        self.is_probed = False
        self._limits = limits
        self._windows: dict[str, _Window] = {}
        self._quotas: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._windows)

    def reset(self) -> None:
        """Forget all windows, because their ends have no meaning after the clock was set back."""
        self._windows, self.is_probed = {}, False

    def expire(self, instant: float) -> None:
        """Remove the windows that had ended at an instant. A request that was sent then is of the next ones."""
        self._windows = {name: window for name, window in self._windows.items() if instant < window.latest_end}
        self.is_probed = True

    def are_current(self, now: float) -> bool:
        """Return True if all limits are known and none of the windows has ended."""
        return self.is_probed and all(now < window.latest_end for window in self._windows.values())

    def remaining(self, now: float, *, in_flight: int) -> int | None:
        """Return the number of requests that all current windows allow us, or None if no window is current."""
        current = [window for window in self._windows.values() if now < window.latest_end]
        return min((self._usable(window, in_flight) for window in current), default=None)

    def exhausted_until(self, *, in_flight: int) -> float:
        """Return the instant when the last exhausted window ends, or minus infinity if none is exhausted."""
        exhausted = (window for window in self._windows.values() if self._usable(window, in_flight) <= 0)
        return max((window.latest_end for window in exhausted), default=-math.inf)

    def update(self, rate_limits: list[RateLimit], *, sent_at: float, received_at: float) -> None:
        """Learn from the response to a request. If it reports no limits, the request may have been counted."""
        for rate_limit in rate_limits:
            self._update(rate_limit, sent_at, received_at)
        if not rate_limits:
            for window in self._windows.values():
                window.remaining -= 1

    def _usable(self, window: _Window, in_flight: int) -> int:
        """Return the remaining requests of a window without the reserve and the requests in flight.

        The reported number may or may not include the requests in flight.
        """
        reserved = min(math.ceil(window.quota * self._limits.reserve), window.quota - 1)
        return window.remaining - in_flight - reserved

    def _update(self, rate_limit: RateLimit, sent_at: float, received_at: float) -> None:
        """Record a window, or narrow the recorded one. A report of an older window is ignored."""
        seconds = self._limits.rate.seconds if rate_limit.reset_seconds is None else rate_limit.reset_seconds
        seconds = min(seconds, _LONGEST_SECONDS)
        earliest_end, latest_end = sent_at + seconds - ROUNDING_SECONDS, received_at + seconds + ROUNDING_SECONDS
        known = self._windows.get(rate_limit.name)
        quota = self._quotas[rate_limit.name] = rate_limit.quota or self._quota_without_policy(rate_limit, known)
        # A request sent after the first report can't belong to an older window, so that report had a wrong end.
        is_correction = known is not None and latest_end < known.earliest_end and sent_at >= known.reported_at
        if known is None or earliest_end > known.latest_end or is_correction:
            self._windows[rate_limit.name] = _Window(
                quota=quota,
                remaining=rate_limit.remaining,
                reported_at=received_at,
                earliest_end=earliest_end,
                latest_end=latest_end,
            )
        elif latest_end >= known.earliest_end:
            known.quota, known.remaining = quota, min(known.remaining, rate_limit.remaining)
            known.earliest_end = max(known.earliest_end, earliest_end)
            known.latest_end = min(known.latest_end, latest_end)

    def _quota_without_policy(self, rate_limit: RateLimit, known: _Window | None) -> int:
        """Estimate the quota of a limit without a policy: the most that remained in its windows.

        Until a second window begins, it is at least the documented limit. Others may have spent most of the first one,
        and a reserve of what they left would be too small.
        """
        before = self._quotas.get(rate_limit.name)
        if before is None:
            return max(rate_limit.remaining, self._limits.rate.requests)
        return max(rate_limit.remaining, before) if known else rate_limit.remaining + 1
