from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.models import Tally
from etl.realtimekit.budget import RequestBudget
from etl.settings import Limits

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clock:
    """A clock that stands still until somebody sleeps: then it is as late as the sleep ends."""

    def __init__(self) -> None:
        self.at = START
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Wait; others may go to sleep before the time moves on."""
        self.slept.append(seconds)
        end = self.at + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.at = max(self.at, end)

    def pass_by(self, seconds: float) -> None:
        """Move on."""
        self.at += timedelta(seconds=seconds)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return (self.at - START).total_seconds()


class Case:
    """A budget with its clock and its tally."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.tally = Tally()
        self.budget = RequestBudget(self.tally, Limits(), now=self.clock.now, sleep=self.clock.sleep)

    def send(self, *, is_retry: bool = False) -> float:
        """Send one request; when it left."""
        return self.send_by(1, is_retry=is_retry)[0]

    def send_by(self, workers: int, *, is_retry: bool = False) -> list[float]:
        """Send a request by each of some workers at once; when each left."""

        async def work() -> float:
            await self.budget.acquire(is_retry=is_retry)
            return self.clock.elapsed

        async def all_work() -> list[float]:
            return await asyncio.gather(*(work() for _ in range(workers)))

        return asyncio.run(all_work())


@pytest.fixture
def case() -> Case:
    """A budget that nothing has used."""
    return Case()


def test_a_request_passes_at_once_while_nothing_is_held(case: Case) -> None:
    """Without a word from the API there is no pause."""
    assert case.send_by(100) == [0.0] * 100
    assert case.clock.slept == []


def test_every_request_is_counted_and_retries_apart(case: Case) -> None:
    """A retry is a request too."""
    case.send_by(3)
    case.send(is_retry=True)
    assert (case.tally.requests, case.tally.retries) == (4, 1)


def test_a_pause_holds_every_worker(case: Case) -> None:
    """One worker's 429 is everybody's; a request is counted when it leaves, not while it waits."""
    case.budget.hold(30)
    assert case.tally.requests == 0
    assert case.send_by(8) == [30.0] * 8
    assert case.tally.requests == 8


def test_a_pause_that_comes_while_others_wait_holds_them_too(case: Case) -> None:
    """Who wakes looks again whether it may send."""

    async def wait_and_be_held_again() -> float:
        waiting = asyncio.create_task(case.budget.acquire(is_retry=False))
        await asyncio.sleep(0)
        case.budget.hold(50)
        await waiting
        return case.clock.elapsed

    case.budget.hold(10)
    assert asyncio.run(wait_and_be_held_again()) == 50.0


def test_a_sleep_that_ends_too_early_lets_nothing_pass() -> None:
    """Timers may be early."""
    case = Case()

    async def nap(seconds: float) -> None:
        await case.clock.sleep(min(seconds, 4))

    case.budget = RequestBudget(case.tally, Limits(), now=case.clock.now, sleep=nap)
    case.budget.hold(10)
    assert case.send() == 10.0


def test_a_pause_ends(case: Case) -> None:
    """Afterwards requests pass at once again."""
    case.budget.hold(10)
    case.send()
    assert case.send_by(3) == [10.0] * 3
    assert len(case.clock.slept) == 1


@pytest.mark.parametrize(("first", "second"), [(30, 10), (10, 30), (30, 30)])
def test_of_two_pauses_the_longer_counts(case: Case, first: float, second: float) -> None:
    """They run side by side, not one after the other; waiting is not counted twice."""
    case.budget.hold(first)
    case.budget.hold(second)
    assert case.tally.waited_seconds == 30
    assert case.send() == 30.0


def test_pauses_that_overlap_count_once(case: Case) -> None:
    """A pause of 10 s and, 4 s later, another of 10 s make 14 s."""
    case.budget.hold(10)
    case.clock.pass_by(4)
    case.budget.hold(10)
    assert case.tally.waited_seconds == 14
    assert case.send() == 14.0


def test_progress_can_tell_that_the_run_is_held(case: Case) -> None:
    """While anyone waits, and no longer."""
    seen = []

    async def look(seconds: float) -> None:
        seen.append(case.tally.is_held)
        await case.clock.sleep(seconds)

    case.budget = RequestBudget(case.tally, Limits(), now=case.clock.now, sleep=look)
    assert case.tally.is_held is False
    case.budget.hold(5)
    case.send()
    assert seen == [True]
    assert case.tally.is_held is False


def test_what_is_not_waited_for_is_not_counted(case: Case) -> None:
    """A run that ends in a pause has waited until its end; settling twice changes nothing."""
    case.budget.hold(300)
    case.clock.pass_by(20)
    case.tally.is_held = True
    case.budget.settle()
    case.budget.settle()
    assert (case.tally.waited_seconds, case.tally.is_held) == (20, False)


def test_a_pause_that_is_over_is_counted_whole(case: Case) -> None:
    """Settling takes back only what lies ahead."""
    case.budget.hold(10)
    case.clock.pass_by(25)
    case.budget.settle()
    assert case.tally.waited_seconds == 10


def test_a_clock_that_is_set_back_holds_nothing(case: Case) -> None:
    """Time servers and woken laptops do it; without a pause there is nothing to wait for."""
    case.clock.pass_by(-3600)
    assert case.send() == -3600.0


def test_a_clock_that_is_set_back_is_no_negative_wait(case: Case) -> None:
    """Nothing was waited for, so that nothing is taken back."""
    case.clock.pass_by(-3600)
    case.budget.settle()
    assert case.tally.waited_seconds == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 300)), max_size=8), st.integers(0, 400))
def test_waited_seconds_are_the_time_that_was_held(pauses: list[tuple[int, int]], end: int) -> None:
    """However pauses overlap: every second of the run counts once, and only if some pause held it."""
    case = Case()
    held: set[int] = set()
    for passed, length in pauses:
        case.clock.pass_by(passed)
        case.budget.hold(length)
        held |= set(range(int(case.clock.elapsed), int(case.clock.elapsed) + length))
    case.clock.pass_by(end)
    case.budget.settle()
    assert case.tally.waited_seconds == len([second for second in held if second < case.clock.elapsed])
