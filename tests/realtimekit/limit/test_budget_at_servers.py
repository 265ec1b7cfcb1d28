from __future__ import annotations

import asyncio
import math
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.realtimekit.limit.budget import RequestBudget
from etl.settings import Limits, Rate
from etl.values.fetch import FetchCounts
from tests.realtimekit.limit.virtual_time import in_virtual_time, now

from .limited_servers import FixedWindows, SlidingWindow, spend_reserve

if TYPE_CHECKING:
    from collections.abc import Callable

    from .limited_servers import Server

EXAMPLES = settings(max_examples=20, deadline=None)
WINDOWS = 4  # how long a run takes


class Load(NamedTuple):
    """The load of a run on a server: its workers, and the longest time that a request takes in each direction."""

    quota: int
    seconds: int
    reserve: float
    workers: int
    latency: float
    seed: int

    @property
    def reserved(self) -> int:
        """The number of requests per window that are not ours."""
        return min(math.ceil(self.quota * self.reserve), self.quota - 1)

    @property
    def usable(self) -> int:
        """The number of requests per window that are ours."""
        return self.quota - self.reserved


@st.composite
def loads(draw: st.DrawFn, *, least: int = 50, reserves: tuple[float, ...] = (0.1,), most_latency: float = 0.2) -> Load:
    """Draw a run that could send several times the limit, with no more requests in flight than the reserve covers."""
    reserve, seconds = draw(st.sampled_from(reserves)), draw(st.sampled_from([60, 300]))
    load = Load(draw(st.integers(least, 300)), seconds, reserve, 0, 0, draw(st.integers(0, 999)))
    load = load._replace(workers=draw(st.integers(1, min(64, load.reserved or 64))))
    enough = load.seconds / 10 * load.workers / load.usable
    return load._replace(latency=draw(st.floats(0, min(most_latency, enough))))


ANY = loads(least=1, reserves=(0.0, 0.05, 0.1, 0.5, 0.9))


async def use(
    server: Server, load: Load, *, others: int = 0, without: float = 0.0, stated: Rate | None = None
) -> FetchCounts:
    """Send what the budget allows for some windows, beside `others`; `without` is the share of lost responses."""
    counts, generator = FetchCounts(), Random(load.seed)
    limits = Limits(stated=stated, reserve=load.reserve)
    budget = RequestBudget(counts, limits, now=now, sleep=asyncio.sleep)

    async def work() -> None:
        while True:
            sent_at = await budget.acquire(is_retry=False)
            await asyncio.sleep(generator.uniform(0, load.latency))
            headers = server.request(is_ours=True)
            await asyncio.sleep(generator.uniform(0, load.latency))
            budget.record_response(sent_at, None if generator.random() < without else headers)

    tasks = [asyncio.ensure_future(work()) for _ in range(load.workers)]
    tasks.append(asyncio.ensure_future(spend_reserve(server, others, generator)))
    done, _ = await asyncio.wait(tasks, timeout=WINDOWS * load.seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    for task in done:
        task.result()
    budget.close()
    return counts


def fixed(load: Load) -> FixedWindows:
    """Make a server whose windows begin with a request."""
    return FixedWindows(load.quota, load.seconds)


def aligned(load: Load) -> FixedWindows:
    """Make a server whose windows began long before the run."""
    return FixedWindows(load.quota, load.seconds, since=-Random(load.seed).uniform(0, load.seconds))


def sliding(load: Load) -> SlidingWindow:
    """Make a server with a rolling window that reports when its oldest request expires."""
    return SlidingWindow(load.quota, load.seconds)


def sliding_as_a_whole(load: Load) -> SlidingWindow:
    """Make a server with a rolling window that reports when all of its requests expire."""
    return SlidingWindow(load.quota, load.seconds, is_all=True)


WITH_WINDOWS = pytest.mark.parametrize("serve", [fixed, aligned])
SLIDING = pytest.mark.parametrize("serve", [sliding, sliding_as_a_whole])
ALL = pytest.mark.parametrize("serve", [fixed, aligned, sliding, sliding_as_a_whole])


@WITH_WINDOWS
@EXAMPLES
@given(load=ANY)
def test_every_window_is_used_to_the_last_request_that_the_reserve_leaves(
    serve: Callable[[Load], FixedWindows], load: Load
) -> None:
    """No request is refused, whenever the windows begin."""

    @in_virtual_time
    async def check() -> None:
        server = serve(load)
        await use(server, load)
        assert server.refusals == 0
        assert set(server.used()) == {load.usable}

    check()


@WITH_WINDOWS
@EXAMPLES
@given(load=ANY)
def test_every_shared_window_is_used_to_95_percent_of_the_rest(
    serve: Callable[[Load], FixedWindows], load: Load
) -> None:
    """Others spend up to the reserve at any time, and no request is refused."""

    @in_virtual_time
    async def check() -> None:
        server = serve(load)
        await use(server, load, others=load.reserved)
        assert server.refusals == 0
        assert all(used >= 0.95 * load.usable for used in server.used())

    check()


@SLIDING
@EXAMPLES
@given(load=loads(), is_shared=st.booleans())
def test_a_rolling_window_is_used_to_95_percent(
    serve: Callable[[Load], SlidingWindow], load: Load, *, is_shared: bool
) -> None:
    """No request is refused, shared or not, whatever the server means by the reset."""

    @in_virtual_time
    async def check() -> None:
        server = serve(load)
        await use(server, load, others=load.reserved if is_shared else 0)
        assert server.refusals == 0
        assert len(server.windows[0]) >= 0.95 * (WINDOWS - 1) * load.usable

    check()


@ALL
@EXAMPLES
@given(load=loads(most_latency=4), without=st.sampled_from([0.0, 0.1]))
def test_a_slow_server_that_loses_responses_refuses_no_request(
    serve: Callable[[Load], Server], load: Load, without: float
) -> None:
    """Responses may take long, and some never arrive."""

    @in_virtual_time
    async def check() -> None:
        server = serve(load)
        await use(server, load, without=without)
        assert server.refusals == 0

    check()


@ALL
@EXAMPLES
@given(load=loads(least=100, most_latency=0.04))
def test_a_stated_limit_holds_without_headers(serve: Callable[[Load], Server], load: Load) -> None:
    """This is so for all kinds of windows, and 95 % of what the reserve leaves is used."""

    @in_virtual_time
    async def check() -> None:
        server = serve(load)
        counts = await use(server, load, without=1.0, stated=Rate(requests=load.quota, seconds=load.seconds))
        assert server.refusals == 0
        assert counts.requests >= 0.95 * (WINDOWS - 1) * load.usable

    check()


@EXAMPLES
@given(load=loads(least=1, reserves=(0.0,)))
def test_if_others_spent_everything_one_request_finds_out(load: Load) -> None:
    """The others wait, and the next request is sent when the window has ended."""

    @in_virtual_time
    async def check() -> None:
        server = fixed(load)
        for _ in range(load.quota):
            server.request(is_ours=False)
        counts = await use(server, load)
        assert server.refusals == 1
        assert set(server.used()) == {load.usable}
        assert counts.waited_seconds >= load.seconds

    check()
