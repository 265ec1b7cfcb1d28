"""Servers with the kinds of limits that Cloudflare may have, and other users of the same limit."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .virtual_time import elapsed

if TYPE_CHECKING:
    from random import Random


class Answer(NamedTuple):
    """The answer to a request: refused or not, the remaining requests, and the end of the window."""

    is_refused: bool
    left: int
    ends_at: float


class Server:
    """Counts requests. `windows` holds for each request of a window if it was ours."""

    def __init__(self, quota: int, seconds: float) -> None:
        self.quota = quota
        self.seconds = seconds
        self.refusals = 0
        self.windows: list[list[bool]] = []

    def request(self, *, is_ours: bool) -> dict[str, str]:
        """Count a request and return the headers of its response."""
        is_refused, left, ends_at = self._count(is_ours=is_ours)
        self.refusals += is_refused
        return {
            "ratelimit": f'"default";r={left};t={math.ceil(ends_at - elapsed())}',
            "ratelimit-policy": f'"default";q={self.quota};w={self.seconds:g}',
        }

    def _count(self, *, is_ours: bool) -> Answer:
        raise NotImplementedError


class FixedWindows(Server):
    """Windows that begin with a request, or that follow each other from `since` on."""

    def __init__(self, quota: int, seconds: float, *, since: float | None = None) -> None:
        super().__init__(quota, seconds)
        self._since = since
        self._end = -math.inf

    def _count(self, *, is_ours: bool) -> Answer:
        if elapsed() >= self._end:
            passed = 0.0 if self._since is None else (elapsed() - self._since) % self.seconds
            self._end = elapsed() - passed + self.seconds
            self.windows.append([])
        window = self.windows[-1]
        if len(window) < self.quota:
            window.append(is_ours)
            return Answer(is_refused=False, left=self.quota - len(window), ends_at=self._end)
        return Answer(is_refused=True, left=0, ends_at=self._end)

    def used(self) -> list[int]:
        """Return the requests of each whole window up to our last one. Later requests of others don't matter."""
        return [len(window) - window[::-1].index(True) if any(window) else 0 for window in self.windows[1:-1]]


class SlidingWindow(Server):
    """A rolling window: a request is refused if the window that ends with it is full.

    It reports when its oldest request expires, or, with `is_all`, when all of them do.
    """

    def __init__(self, quota: int, seconds: float, *, is_all: bool = False) -> None:
        super().__init__(quota, seconds)
        self._is_all = is_all
        self._log: deque[float] = deque()
        self.windows = [[]]

    def _count(self, *, is_ours: bool) -> Answer:
        while self._log and self._log[0] <= elapsed() - self.seconds:
            self._log.popleft()
        is_refused = len(self._log) >= self.quota
        if not is_refused:
            self._log.append(elapsed())
            self.windows[0].append(is_ours)
        ends_at = (elapsed() if self._is_all else self._log[0]) + self.seconds
        return Answer(is_refused, self.quota - len(self._log), ends_at)


async def spend_reserve(server: Server, reserved: int, generator: Random) -> None:
    """Use the same token for other requests: at random times, sometimes many at once, up to the reserve."""
    spent: deque[float] = deque()
    while reserved:
        await asyncio.sleep(generator.expovariate(reserved / server.seconds))
        for _ in range(generator.choice([1, 1, 1, reserved])):
            while spent and spent[0] <= elapsed() - server.seconds:
                spent.popleft()
            if len(spent) < reserved:
                spent.append(elapsed())
                server.request(is_ours=False)
