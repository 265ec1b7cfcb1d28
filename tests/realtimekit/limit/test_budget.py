from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.realtimekit.limit.budget import RequestBudget
from etl.settings import Limits, Rate
from etl.values.fetch import FetchCounts
from tests.realtimekit.limit.virtual_time import START, elapsed, in_virtual_time

from .budget_case import NOTHING, PLENTY, SECONDS, Case, told


@pytest.fixture
def case() -> Case:
    """A budget that nothing has used."""
    return Case()


# Counting


@in_virtual_time
async def test_every_request_is_counted_and_retries_apart(case: Case) -> None:
    """A retry is a request too."""
    await case.send_by(3)
    await case.send(is_retry=True)
    assert (case.counts.requests, case.counts.retries) == (4, 1)


@in_virtual_time
async def test_an_acquired_request_leaves_at_the_instant_that_is_told(case: Case) -> None:
    """By the clock of the budget, in seconds."""
    case.budget.pause(7)
    assert await case.budget.acquire(is_retry=False) == SECONDS(START.timestamp() + 7, abs=1e-5)


# The pace


@given(st.lists(st.floats(0, 0.3), max_size=60), st.integers(1, 40), st.sampled_from([PLENTY, NOTHING]))
@settings(max_examples=30, deadline=None)
def test_no_second_has_more_than_190_requests_and_no_tenth_more_than_19(
    pauses: list[float], workers: int, answer: dict[str, str]
) -> None:
    """Cloudflare allows an address 200: by the arrival at a server that answers at once, however they come."""
    arrived: list[float] = []

    @in_virtual_time
    async def come() -> None:
        case = Case()

        async def work(pauses: list[float]) -> None:
            for pause in pauses:
                arrived.append(await case.send(answer))
                await asyncio.sleep(pause)

        await asyncio.gather(*(work([0.0] * 9 + pauses[number::workers]) for number in range(workers)))

    come()
    for most, seconds in ((19, 0.1), (190, 1)):
        assert all(beyond - first >= seconds - 1e-5 for first, beyond in zip(arrived, arrived[most:], strict=False)), (
            most,
            seconds,
        )


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        (None, 5.2),
        (Rate(requests=100_000, seconds=1000), 5.2),
        (Rate(requests=100_000, seconds=100), 0.9),
        (Rate(requests=1_000_000, seconds=100), 0.0),
    ],
)
@in_virtual_time
async def test_a_burst_takes_what_190_a_second_take_or_a_faster_rate_that_is_stated(
    rate: Rate | None, seconds: float
) -> None:
    """A thousand requests leave as soon as they may; who states more knows of no limit for an address."""
    case = Case(limits=Limits(stated=rate, reserve=0))
    assert (await case.send_by(1000, PLENTY))[-1] == SECONDS(seconds, abs=1e-3)


@in_virtual_time
async def test_a_pause_between_bursts_is_no_hold(case: Case) -> None:
    """It is the pace of every run."""
    await case.send_by(100)
    assert (case.counts.waited_seconds, case.holds) == (0, [])


@pytest.mark.parametrize("microseconds", range(0, 1000, 50))
def test_a_wait_that_no_clock_can_tell_does_not_spin(microseconds: int) -> None:
    """Of less than a microsecond: a clock that only sleep moves on would stand still."""
    at = START + timedelta(microseconds=microseconds)
    naps = 0

    async def sleep(seconds: float) -> None:
        nonlocal at, naps
        at, naps = at + timedelta(seconds=seconds), naps + 1
        assert naps < 50

    async def send() -> None:
        budget = RequestBudget(FetchCounts(), Limits(), now=lambda: at, sleep=sleep)
        for _ in range(20 * 19):
            budget.record_response(await budget.acquire(is_retry=False), PLENTY)

    asyncio.run(send())


# A refusal holds everybody


@in_virtual_time
async def test_a_pause_holds_every_worker(case: Case) -> None:
    """One worker's 429 is everybody's; a request is counted when it leaves, not while it waits."""
    await case.send(PLENTY)
    case.budget.pause(30)
    assert case.counts.requests == 1
    assert await case.send_by(8, PLENTY) == SECONDS([30] * 8)
    assert case.counts.requests == 9


@in_virtual_time
async def test_a_pause_that_comes_while_others_wait_holds_them_too(case: Case) -> None:
    """Who wakes looks again whether it may send."""
    case.budget.pause(10)
    waiting = asyncio.ensure_future(case.send())
    await asyncio.sleep(5)
    case.budget.pause(50)
    assert await waiting == SECONDS(55)


@in_virtual_time
async def test_a_pause_that_comes_while_others_wait_for_an_answer_holds_them_too(case: Case) -> None:
    """The answer that they wait for is a 429."""
    sending = asyncio.ensure_future(case.send_by(3, PLENTY, after=0.4))
    await asyncio.sleep(0.3)
    case.budget.pause(30)
    assert await sending == SECONDS([0, 30.3, 30.3])


@in_virtual_time
async def test_a_sleep_that_ends_too_early_lets_nothing_pass() -> None:
    """Timers may be early."""
    case = Case(sleep=lambda seconds: asyncio.sleep(min(seconds, 4)))
    case.budget.pause(10)
    assert await case.send() == SECONDS(10)


@pytest.mark.parametrize(("first", "second"), [(30, 10), (10, 30), (30, 30)])
@in_virtual_time
async def test_of_two_pauses_the_longer_counts(case: Case, first: float, second: float) -> None:
    """They run side by side, not one after the other; waiting is not counted twice."""
    case.budget.pause(first)
    case.budget.pause(second)
    assert case.counts.waited_seconds == SECONDS(30)
    assert await case.send() == SECONDS(30)


@given(st.floats(0.001, 300))
@settings(deadline=None)
def test_a_pause_of_any_length_holds_from_the_instant_it_begins(seconds: float) -> None:
    """Also where the time of day, a float, can't tell its end exactly; heard of twice, it counts once."""

    @in_virtual_time
    async def pause() -> None:
        case = Case()
        case.budget.pause(seconds)
        case.budget.pause(seconds)
        assert case.counts.waited_seconds == SECONDS(seconds, abs=1e-5)
        assert await case.send() == SECONDS(seconds, abs=1e-5)

    pause()


@pytest.mark.parametrize(("seconds", "level"), [(29.9, logging.INFO), (30, logging.WARNING)])
@in_virtual_time
async def test_a_long_pause_is_worth_a_warning(
    case: Case, caplog: pytest.LogCaptureFixture, seconds: float, level: int
) -> None:
    """A short one happens now and then without any limit being reached."""
    caplog.set_level(logging.INFO)
    case.budget.pause(seconds)
    assert caplog.record_tuples == [
        ("etl.realtimekit.limit.budget", level, "the API asks to slow down: no request for 30 s")
    ]


@in_virtual_time
async def test_a_pause_that_many_hear_of_is_said_once(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """By a second that its answers differ; one that is longer by more is another one."""
    caplog.set_level(logging.INFO)
    for seconds in (30, 30, 30.9, 29, 300):
        case.budget.pause(seconds)
    assert [message.rpartition(" for ")[2] for message in caplog.messages] == ["30 s", "300 s"]


# What is shown and counted of a wait


@in_virtual_time
async def test_a_spent_window_is_said_once(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """Not by every worker that waits for it."""
    caplog.set_level(logging.INFO)
    await case.send(told(0, 40))
    await case.send_by(9, PLENTY)
    assert caplog.messages == ["this window's budget is spent: no request for 41 s"]


@in_virtual_time
async def test_progress_can_tell_that_the_run_is_held(case: Case) -> None:
    """It is told when a hold begins and when the first request passes again."""
    case.budget.pause(5)
    assert (case.counts.is_paused, case.holds) == (True, [True])
    await case.send(told(0, 40))
    assert (case.counts.is_paused, case.holds) == (False, [True, False])
    waiting = asyncio.ensure_future(case.send(PLENTY))
    await asyncio.sleep(1)
    assert (case.counts.is_paused, case.holds) == (True, [True, False, True])
    await waiting
    assert (case.counts.is_paused, case.holds) == (False, [True, False, True, False])


@in_virtual_time
async def test_who_comes_into_a_hold_shows_it_again(case: Case) -> None:
    """Somebody else may have settled what is shown."""
    case.budget.pause(5)
    case.counts.is_paused = False
    waiting = asyncio.ensure_future(case.send())
    await asyncio.sleep(1)
    assert case.counts.is_paused
    await waiting


@in_virtual_time
async def test_waited_seconds_are_those_of_refusals_and_of_spent_windows_together(case: Case) -> None:
    """A refusal of 30 s within a wait of 41 s costs no more; one that begins at 20 s of it, and lasts 60, makes 80."""
    await case.send(told(0, 40))
    waiting = asyncio.ensure_future(case.send(PLENTY))
    await asyncio.sleep(5)
    case.budget.pause(30)
    assert case.counts.waited_seconds == SECONDS(41)
    await asyncio.sleep(15)
    case.budget.pause(60)
    assert case.counts.waited_seconds == SECONDS(80)
    assert await waiting == SECONDS(80)


@in_virtual_time
async def test_what_is_not_waited_for_is_not_counted(case: Case) -> None:
    """A run that ends in a pause has waited until its end; settling twice changes nothing."""
    case.budget.pause(300)
    await asyncio.sleep(20)
    case.budget.close()
    case.budget.close()
    assert case.counts.waited_seconds == SECONDS(20)
    assert not case.counts.is_paused


@in_virtual_time
async def test_a_pause_that_is_over_is_counted_whole(case: Case) -> None:
    """Settling takes back only what lies ahead."""
    case.budget.pause(10)
    await asyncio.sleep(25)
    case.budget.close()
    assert case.counts.waited_seconds == 10


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 300)), max_size=8), st.integers(0, 400))
@settings(deadline=None)
def test_waited_seconds_are_the_time_that_was_held(pauses: list[tuple[int, int]], end: int) -> None:
    """However pauses overlap: every second of the run counts once, and only if some pause held it."""

    @in_virtual_time
    async def pause_and_settle() -> None:
        case = Case()
        held: set[int] = set()
        for passed, length in pauses:
            await asyncio.sleep(passed)
            case.budget.pause(length)
            held |= set(range(round(elapsed()), round(elapsed()) + length))
        await asyncio.sleep(end)
        case.budget.close()
        assert case.counts.waited_seconds == SECONDS(len([second for second in held if second < round(elapsed())]))

    pause_and_settle()


# Cancelled


@pytest.mark.parametrize("cancelled", [0, 1])
@in_virtual_time
async def test_a_waiter_that_is_cancelled_lets_the_next_one_through(case: Case, cancelled: int) -> None:
    """Whether it waits for the pause, or behind the one that does. It has sent nothing, and counts for nothing."""
    case.budget.pause(10)
    waiting = [asyncio.ensure_future(case.send(PLENTY)) for _ in range(3)]
    await asyncio.sleep(5)
    waiting.pop(cancelled).cancel()
    assert await asyncio.gather(*waiting) == SECONDS([10, 10])
    assert case.counts.requests == 2


@pytest.mark.parametrize("cancelled", [0, 1])
@in_virtual_time
async def test_who_waits_for_an_answer_and_is_cancelled_lets_the_next_one_through(case: Case, cancelled: int) -> None:
    """As before."""
    first = asyncio.ensure_future(case.send(PLENTY, after=0.4))
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(case.send(PLENTY)) for _ in range(3)]
    await asyncio.sleep(0.1)
    waiting.pop(cancelled).cancel()
    assert await asyncio.gather(*waiting) == SECONDS([0.4, 0.4])
    await first
    assert case.counts.requests == 3


# A clock that is set back


@in_virtual_time
async def test_a_clock_that_is_set_back_ends_a_hold(case: Case) -> None:
    """Time servers and woken laptops do it: nobody can say how much of the hold is left."""
    case.budget.pause(300)
    case.set_by = timedelta(hours=-1)
    assert await case.send() == 0


@in_virtual_time
async def test_a_clock_that_is_set_back_is_no_negative_wait(case: Case) -> None:
    """Nothing was waited for, so that nothing is taken back."""
    case.set_by = timedelta(hours=-1)
    case.budget.close()
    assert case.counts.waited_seconds == 0


@in_virtual_time
async def test_a_clock_that_is_set_back_makes_the_windows_unknown(case: Case) -> None:
    """Their ends may be hours away by it: one asks, the others wait for its answer."""
    await case.send(told(0, 300))
    case.set_by = timedelta(hours=-1)
    assert await case.send_by(3, told(500, 300), after=0.4) == [0, 0.4, 0.4]
    assert case.budget.remaining() == 380


@in_virtual_time
async def test_a_clock_that_is_set_back_before_an_answer_leaves_its_window_known(case: Case) -> None:
    """The answer tells of a window that has not ended, and the next answers tell of the same one."""
    sent_at = await case.budget.acquire(is_retry=False)
    case.set_by = timedelta(hours=-1)
    case.budget.record_response(sent_at, told(140, 100))
    await case.send(told(130, 100))
    assert await case.passing() == 10


@in_virtual_time
async def test_a_clock_that_is_set_back_keeps_what_was_sent(case: Case) -> None:
    """Where the answers say nothing, all of it counts as if it were sent now."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send_by(8)
    case.set_by = timedelta(hours=-1)
    await asyncio.sleep(30)
    assert await case.send_by(3) == SECONDS([30, 30, 90.6], abs=0.01)
