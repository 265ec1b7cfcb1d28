"""A budget in virtual time, and requests with the responses that a test wants."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.realtimekit.limit.budget import RequestBudget
from etl.settings import Limits
from etl.values.fetch import FetchCounts
from tests.realtimekit.limit.virtual_time import elapsed, now

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SECONDS = pytest.approx  # the time of day is a float, with a resolution of about a microsecond
NO_LIMITS: dict[str, str] = {}  # the headers of a response without limits
PLENTY = {"ratelimit": '"default";r=100000;t=1000'}


def limit_headers(left: int, ends_in: float, *, quota: int | None = 1200) -> dict[str, str]:
    """Make headers that report one limit."""
    policy = {"ratelimit-policy": f'"default";q={quota};w=300'} if quota is not None else {}
    return {"ratelimit": f'"default";r={left};t={ends_in}'} | policy


class BudgetCase:
    """A budget with its counts. `clock_offset` is how far its clock was set; `pauses` records its pauses."""

    def __init__(self, **given: Any) -> None:
        self.counts = FetchCounts()
        self.clock_offset = timedelta()
        self.pauses: list[float] = []
        context: dict[str, Any] = {"limits": Limits(), "sleep": asyncio.sleep, "on_pause_change": self._record_pause}
        self.budget = RequestBudget(self.counts, now=self._now, **(context | given))

    def _now(self) -> datetime:
        return now() + self.clock_offset

    def _record_pause(self) -> None:
        self.pauses.append(self.counts.pause_seconds_left)

    async def send(
        self, answer: Mapping[str, str] | None = NO_LIMITS, *, after: float = 0.0, is_retry: bool = False
    ) -> float:
        """Send a request whose response arrives after so many seconds, and return when it was sent."""
        sent_at = await self.budget.acquire(is_retry=is_retry)
        left_at = elapsed()
        await asyncio.sleep(after)
        self.budget.record_response(sent_at, answer)
        return left_at

    async def send_all(self, workers: int, answer: Mapping[str, str] | None = NO_LIMITS, *, after: float = 0.0) -> Any:
        """Send one request per worker at the same time, and return when each was sent."""
        return await asyncio.gather(*(self.send(answer, after=after) for _ in range(workers)))

    async def count_sent(self, workers: int = 400) -> int:
        """Return how many of so many requests are sent within three seconds while no response arrives."""
        sending = [asyncio.ensure_future(self.send(after=1e6)) for _ in range(workers)]
        before = self.counts.requests
        await asyncio.sleep(3)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        return self.counts.requests - before
