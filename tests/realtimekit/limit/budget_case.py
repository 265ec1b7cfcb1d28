"""A budget to be told of limits, and how its requests leave."""

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

SECONDS = pytest.approx  # the time of day is a float: nothing is told apart below a microsecond
NOTHING: dict[str, str] = {}  # an answer without a word about limits
PLENTY = {"ratelimit": '"default";r=100000;t=1000'}


def told(left: int, ends_in: float, *, quota: int | None = 1200) -> dict[str, str]:
    """Headers about one limit."""
    policy = {"ratelimit-policy": f'"default";q={quota};w=300'} if quota is not None else {}
    return {"ratelimit": f'"default";r={left};t={ends_in}'} | policy


class Case:
    """A budget with its counts; `set_by` is how far its clock was set."""

    def __init__(self, **given: Any) -> None:
        self.counts = FetchCounts()
        self.set_by = timedelta()
        self.holds: list[bool] = []
        context: dict[str, Any] = {"limits": Limits(), "sleep": asyncio.sleep, "on_pause_change": self._look}
        self.budget = RequestBudget(self.counts, now=self._now, **(context | given))

    def _now(self) -> datetime:
        return now() + self.set_by

    def _look(self) -> None:
        self.holds.append(self.counts.is_paused)

    async def send(
        self, answer: Mapping[str, str] | None = NOTHING, *, after: float = 0.0, is_retry: bool = False
    ) -> float:
        """Send a request that is answered after so many seconds; when it left."""
        sent_at = await self.budget.acquire(is_retry=is_retry)
        left_at = elapsed()
        await asyncio.sleep(after)
        self.budget.record_response(sent_at, answer)
        return left_at

    async def send_by(self, workers: int, answer: Mapping[str, str] | None = NOTHING, *, after: float = 0.0) -> Any:
        """Send a request by each of some workers at once; when each left."""
        return await asyncio.gather(*(self.send(answer, after=after) for _ in range(workers)))

    async def passing(self, workers: int = 400) -> int:
        """How many of so many requests pass within some seconds while none is answered."""
        sending = [asyncio.ensure_future(self.send(after=1e6)) for _ in range(workers)]
        before = self.counts.requests
        await asyncio.sleep(3)
        for one in sending:
            one.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        return self.counts.requests - before
