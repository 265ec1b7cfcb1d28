"""The request budget: all workers share it, so that the API's limit is never exceeded.

If responses report the remaining requests of a window (`Ratelimit`), that number counts, because it includes what the
user's other tools spend. A window is unknown at the start, and after it has ended. Then one request is sent, and the
others wait a moment for its response. If responses report nothing, a log of our own requests holds the limit over any
window. It is not documented whether Cloudflare's windows are fixed or rolling.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from etl.realtimekit.limit.headers import parse_rate_limits
from etl.realtimekit.limit.pause import CLOCK_RESOLUTION, Pause
from etl.realtimekit.limit.reported_windows import ROUNDING_SECONDS, ReportedWindows
from etl.realtimekit.limit.rolling_window import RollingWindow, request_log
from etl.realtimekit.limit.server_clock import measure_clock_ahead, nearest_to_zero

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from etl.settings import Limits
    from etl.values.fetch import FetchCounts, Spending

_log = logging.getLogger(__name__)

_WARNING_SECONDS = 30.0  # shorter pauses happen now and then although no limit is reached
# The pace is held per tenth of a second, so that bursts that the network delays stay below the limit per second.
_PACE_SECONDS = 0.1
# How long the others wait for the first response, in seconds of the event loop.
_FIRST_RESPONSE_SECONDS = 0.5


class RequestBudget:
    """Lets requests pass, counts them, and pauses all of them when the limit requires it.

    Call `record_response` once for every `acquire`, even if the request failed. Call `close` at the end of the run.
    """

    def __init__(  # noqa: PLR0913  # the limit, the clock and what happened before, each by its name
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
        self._pace = RollingWindow(max(1, math.floor(limits.requests_per_second * _PACE_SECONDS)), _PACE_SECONDS)
        self._request_log = request_log(limits, spent)
        self._windows = ReportedWindows(limits)
        self._pause = Pause(counts, on_pause_change)
        self._latest = -math.inf
        self._in_flight = 0
        self._turn = asyncio.Lock()
        self._response_received = asyncio.Event()
        self._holder: asyncio.Task[Any] | None = None
        self._is_released = asyncio.Event()
        self._is_released.set()

    async def acquire(self, *, is_retry: bool) -> float:
        """Wait until a request may be sent, count it, and return the instant for `record_response`."""
        if self._holder is asyncio.current_task():
            await self._wait_for_limit()
            return self._count(is_retry=is_retry)
        async with self._turn:  # one worker waits for the limit, and the others for that worker
            await self._wait_for_limit()
            while not self._is_released.is_set():
                await self._is_released.wait()
                await self._wait_for_limit()
            return self._count(is_retry=is_retry)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the requests of all other tasks meanwhile. One task at a time may do so."""
        self._holder = asyncio.current_task()
        self._is_released.clear()
        try:
            yield
        finally:
            self._holder = None
            self._is_released.set()

    def record_response(self, sent_at: float, headers: Mapping[str, str] | None) -> None:
        """Learn the limit and the API's clock from the headers of a response, or None if there was no response."""
        self._in_flight -= 1
        self._response_received.set()
        now = self._read_clock()
        sent_at = min(sent_at, now)  # the clock may have been set back
        clock_ahead = measure_clock_ahead(headers or {}, sent_at=sent_at, received_at=now)
        self._counts.clock_ahead_seconds = nearest_to_zero(self._counts.clock_ahead_seconds, clock_ahead)
        self._windows.expire(sent_at)
        self._windows.update(parse_rate_limits(headers or {}), sent_at=sent_at, received_at=now)

    def pause(self, seconds: float) -> None:
        """Pause all requests for so many seconds, because the API asks for it."""
        now = self._read_clock()
        if seconds - self._pause.seconds_left(now) > ROUNDING_SECONDS:  # several workers may receive the same pause
            level = logging.WARNING if seconds >= _WARNING_SECONDS else logging.INFO
            _log.log(level, "the API asks to slow down: no request for %.0f s", seconds)
        self._pause.extend(now, seconds)

    def close(self) -> None:
        """End the current pause: the run is over and does not wait for it."""
        self._pause.cancel(self._read_clock())

    def remaining(self) -> int:
        """Return the number of requests that may be sent without waiting for another window."""
        now = self._read_clock()
        reported = self._windows.remaining(now, in_flight=self._in_flight)
        if reported is None:
            return self._request_log.remaining(now)
        if self._limits.stated:
            reported = min(reported, self._request_log.remaining(now))
        return max(0, reported)

    async def _wait_for_limit(self) -> None:
        """Wait until the limit allows a request."""
        while (seconds := self._wait_seconds()) > 0:
            if math.isinf(seconds):
                await self._wait_for_response()
            else:
                await self._sleep(max(seconds, CLOCK_RESOLUTION))
        self._pause.show(0.0)

    def _count(self, *, is_retry: bool) -> float:
        """Count a request that is sent now, and return the instant."""
        sent_at = self._read_clock()
        self._pace.record(sent_at)
        self._request_log.record(sent_at)
        self._in_flight += 1
        self._counts.requests += 1
        self._counts.retries += is_retry
        return sent_at

    async def _wait_for_response(self) -> None:
        """Wait for a response, for a moment. After that the other requests go by our own log."""
        self._response_received.clear()
        try:
            await asyncio.wait_for(self._response_received.wait(), _FIRST_RESPONSE_SECONDS)
        except TimeoutError:
            self._windows.expire(self._read_clock())

    def _wait_seconds(self) -> float:
        """Return the seconds until the next check: 0 if a request may be sent, infinity until the next response."""
        now = self._read_clock()
        if (seconds_left := self._pause.seconds_left(now)) > 0:
            self._pause.show(seconds_left)
            return seconds_left
        if (seconds := self._pace.wait_seconds(now)) > 0:
            return seconds
        if self._in_flight and not self._windows.are_current(now):
            return math.inf  # the window is unknown: wait for the response in flight
        return self._wait_for_window(now)

    def _wait_for_window(self, now: float) -> float:
        """Return the seconds until a window allows a request, as `_wait_seconds` does, and pause for that time."""
        exhausted_until = self._windows.exhausted_until(in_flight=self._in_flight)
        if exhausted_until > now and self._in_flight:
            return math.inf
        seconds = max(exhausted_until - now, self._request_log.wait_seconds(now) if self._is_log_binding() else 0.0)
        if seconds > 0:
            _log.info("this window's budget is spent: no request for %.0f s", seconds)
            self._pause.extend(now, seconds)
        return seconds

    def _is_log_binding(self) -> bool:
        """Return True if our own log limits the next request: no window is reported, or the user states a limit.

        The first request may be sent although the log is full, if the reserve covers it.
        """
        has_reserve = self._limits.usable < self._limits.rate.requests
        is_covered_by_reserve = has_reserve and not self._windows.is_probed
        return self._limits.stated is not None or not (self._windows or is_covered_by_reserve)

    def _read_clock(self) -> float:
        """Return the time in seconds. If the clock was set back, all windows become unknown."""
        now = self._now().timestamp()
        if now < self._latest:
            self._windows.reset()
        self._latest = now
        return now
