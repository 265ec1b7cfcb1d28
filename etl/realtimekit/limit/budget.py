"""The request budget: what all workers share of the API's limit, so that it is never overdrawn.

Where the answers say how much of a window is left (`Ratelimit`), that is what counts: it knows what the user's other
tools spend. Requests under way may or may not be in that figure, and are taken off it until they are answered. While
nothing is known of a window (at the start, and once it has ended), one request asks, and the others wait a little for
its answer. Where the answers say nothing, the limit is held against a log of our own, which holds for any window,
wherever it begins: whether Cloudflare's windows are fixed or sliding is documented nowhere.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.realtimekit.limit.headers import parse_rate_limits
from etl.realtimekit.limit.rolling_window import RollingWindow, request_log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from etl.realtimekit.limit.headers import RateLimit
    from etl.settings import Limits
    from etl.values.fetch import FetchCounts, Spending

_log = logging.getLogger(__name__)

_WORTH_A_WARNING = 30.0  # seconds; what is shorter happens now and then without any limit being reached
_ROUNDING = 1.0  # seconds: the API tells whole ones, and not how they were rounded
# A window is asked about again after this long, whatever the API says of its end.
_LONGEST_WINDOW = 3600.0
# A tenth of a second is short enough that what the network pushes together stays below the limit of a second.
_TICK = 0.1
# Seconds that all wait for the answer of the one who asks; those of the event loop, in whose time answers come.
_PATIENCE = 0.5
_RESOLUTION = 1e-6  # seconds: no clock here tells less apart


@dataclass(slots=True)
class _Window:
    """A window as the answers describe it, from `told_at` on; it ends between `earliest` and `latest`."""

    quota: int
    left: int
    told_at: float
    earliest: float
    latest: float


class RequestBudget:
    """Lets requests pass, counts them, and holds all of them together where the limit asks for it.

    Every `acquire` is followed by one `record_response`, whatever became of the request.
    """

    def __init__(  # noqa: PLR0913  # the context and what is known before, each by its name
        self,
        counts: FetchCounts,
        limits: Limits,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        spent: Iterable[Spending] = (),
        on_pause_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._counts = counts
        self._limits = limits
        self._now = now
        self._sleep = sleep
        self._on_hold = on_pause_change
        self._pace = RollingWindow(max(1, math.floor(limits.requests_per_second * _TICK)), _TICK)
        self._log = request_log(limits, spent)
        self._windows: dict[str, _Window] = {}
        self._quotas: dict[str, int] = {}
        self._is_asked = False
        self._latest = -math.inf
        self._held_until = -math.inf
        self._hold_seconds = 0.0
        self._in_flight = 0
        self._turn = asyncio.Lock()
        self._answered = asyncio.Event()

    async def acquire(self, *, is_retry: bool) -> float:
        """Wait until a request may be sent, and count it; the instant it leaves, which `record_response` is told."""
        async with self._turn:  # the others wait behind the one that waits for the limit
            while (wait := self._wait()) > 0:
                if math.isinf(wait):
                    await self._wait_for_answer()
                else:
                    await self._sleep(max(wait, _RESOLUTION))
            self._show(is_paused=False)
            instant = self._instant()
            self._pace.record(instant)
            self._log.record(instant)
            self._in_flight += 1
            self._counts.requests += 1
            self._counts.retries += is_retry
            return instant

    def record_response(self, sent_at: float, headers: Mapping[str, str] | None) -> None:
        """Learn from the headers of the answer to a request; None is one without an answer."""
        self._in_flight -= 1
        self._answered.set()
        instant = self._instant()
        sent_at = min(sent_at, instant)  # where the clock was set back meanwhile
        # Who was sent after a window's end has asked about the next one.
        self._windows = {name: window for name, window in self._windows.items() if sent_at < window.latest}
        self._is_asked = True
        told = parse_rate_limits(headers) if headers is not None else []
        for rate_limit in told:
            self._learn(rate_limit, sent_at, instant)
        if not told:
            for window in self._windows.values():
                window.left -= 1  # it may have been counted

    def pause(self, seconds: float) -> None:
        """Let nothing pass for so many seconds from now: the API asks for it.

        Several holds at once last as long as the longest.
        """
        if seconds - self._rest_of_hold(self._instant()) > _ROUNDING:  # all workers may hear of it at once
            level = logging.WARNING if seconds >= _WORTH_A_WARNING else logging.INFO
            _log.log(level, "the API asks to slow down: no request for %.0f s", seconds)
        self._hold(seconds)

    def close(self) -> None:
        """Take back what was counted as waited and is not waited for: the run is over."""
        self._counts.waited_seconds -= self._rest_of_hold(self._instant())
        self._held_until = -math.inf
        self._counts.is_paused = False

    def remaining(self) -> int:
        """How many requests may be sent without waiting for another window."""
        instant = self._instant()
        free = [self._free(window) for window in self._windows.values() if instant < window.latest]
        if self._limits.stated or not free:
            free.append(self._log.remaining(instant))
        return max(0, min(free))

    async def _wait_for_answer(self) -> None:
        """Wait until a request is answered. One that takes long does not hold up the others: they go by our own log."""
        self._answered.clear()
        try:
            await asyncio.wait_for(self._answered.wait(), _PATIENCE)
        except TimeoutError:
            instant = self._instant()
            self._windows = {name: window for name, window in self._windows.items() if instant < window.latest}
            self._is_asked = True

    def _wait(self) -> float:
        """Seconds until it is worth looking again; 0 where a request may be sent, infinite until an answer comes."""
        instant = self._instant()
        if (rest := self._rest_of_hold(instant)) > 0:
            self._show(is_paused=True)
            return rest
        if (pause := self._pace.wait_seconds(instant)) > 0:
            return pause
        is_known = self._is_asked and all(instant < window.latest for window in self._windows.values())
        if not is_known and self._in_flight:
            return math.inf  # one asks for all
        return self._wait_for_window(instant)

    def _wait_for_window(self, instant: float) -> float:
        """As `_wait`, by what is known: a window that has ended holds nobody, and who asks heeds the others."""
        wait = 0.0
        # Where there is a reserve, one request of it may ask though all of ours is spent.
        is_reserved = self._limits.usable < self._limits.rate.requests
        if self._limits.stated or not (self._windows or (is_reserved and not self._is_asked)):
            wait = self._log.wait_seconds(instant)
        full = [window for window in self._windows.values() if self._free(window) <= 0]
        if full and self._in_flight:
            return math.inf
        wait = max([wait, *(window.latest - instant for window in full)])
        if wait > 0:
            _log.info("this window's budget is spent: no request for %.0f s", wait)
            self._hold(wait)
        return wait

    def _free(self, window: _Window) -> int:
        """How many more requests a window allows us, those under way taken off."""
        reserved = min(math.ceil(window.quota * self._limits.reserve), window.quota - 1)
        return window.left - self._in_flight - reserved

    def _learn(self, rate_limit: RateLimit, sent_at: float, instant: float) -> None:
        """Note how a window stands; what an answer says of one that is over, or overtaken, is ignored."""
        known = self._windows.get(rate_limit.name)
        seconds = min(
            self._limits.rate.seconds if rate_limit.reset_seconds is None else rate_limit.reset_seconds, _LONGEST_WINDOW
        )
        earliest, latest = sent_at + seconds - _ROUNDING, instant + seconds + _ROUNDING
        quota = self._quotas[rate_limit.name] = rate_limit.quota or self._quota_without_policy(rate_limit, known)
        # Who was sent when the known window had been told can't have met an older one: that one's end was told wrongly.
        is_corrected = known is not None and latest < known.earliest and sent_at >= known.told_at
        if known is None or earliest > known.latest or is_corrected:
            self._windows[rate_limit.name] = _Window(quota, rate_limit.remaining, instant, earliest, latest)
        elif latest >= known.earliest:
            known.quota, known.left = quota, min(known.left, rate_limit.remaining)
            known.earliest, known.latest = max(known.earliest, earliest), min(known.latest, latest)

    def _quota_without_policy(self, rate_limit: RateLimit, known: _Window | None) -> int:
        """How many requests a window allows of which no policy tells: what it begins with, or else is seen to be left.

        While neither is known, the documented limit is assumed: a reserve of what others have left would be too small.
        """
        before = self._quotas.get(rate_limit.name)
        if before is None:
            return max(rate_limit.remaining, self._limits.rate.requests)
        return max(rate_limit.remaining, before) if known else rate_limit.remaining + 1

    def _hold(self, seconds: float) -> None:
        instant = self._instant()
        rest = self._rest_of_hold(instant)
        if seconds > rest:
            self._counts.waited_seconds += seconds - rest
            self._held_until, self._hold_seconds = instant + seconds, seconds
            self._show(is_paused=True)

    def _show(self, *, is_paused: bool) -> None:
        if self._counts.is_paused != is_paused:
            self._counts.is_paused = is_paused
            self._on_hold()

    def _instant(self) -> float:
        """The time in seconds. A clock that was set back makes everything unknown again."""
        instant = self._now().timestamp()
        if instant < self._latest:
            self._windows, self._is_asked = {}, False
        self._latest = instant
        return instant

    def _rest_of_hold(self, instant: float) -> float:
        """Seconds until a request may be sent; 0 where nothing is held, and never more than the hold itself.

        A clock that was set back has ended the hold: nobody can say how much of it is left.
        """
        rest = self._held_until - instant
        return rest if 0 < rest <= self._hold_seconds + _RESOLUTION else 0.0
