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

from .budget_case import NO_LIMITS, PLENTY, SECONDS, BudgetCase, limit_headers


@pytest.fixture
def case() -> BudgetCase:
    """Make a budget that is not used yet."""
    return BudgetCase()


# Counting


@in_virtual_time
async def test_requests_and_retries_are_counted(case: BudgetCase) -> None:
    """A retry counts as both."""
    await case.send_all(3)
    await case.send(is_retry=True)
    assert (case.counts.requests, case.counts.retries) == (4, 1)


@in_virtual_time
async def test_acquire_returns_the_instant_of_the_request(case: BudgetCase) -> None:
    """The instant is in seconds of the budget's clock."""
    case.budget.pause(7)
    assert await case.budget.acquire(is_retry=False) == SECONDS(START.timestamp() + 7, abs=1e-5)


# The pace


@given(st.lists(st.floats(0, 0.3), max_size=60), st.integers(1, 40), st.sampled_from([PLENTY, NO_LIMITS]))
@settings(max_examples=30, deadline=None)
def test_no_second_has_more_than_190_requests_and_no_tenth_more_than_19(
    pauses: list[float], workers: int, answer: dict[str, str]
) -> None:
    """Cloudflare allows 200 per second and IP address. The arrival at a server counts, whatever the workers do."""
    arrived: list[float] = []

    @in_virtual_time
    async def send_requests() -> None:
        case = BudgetCase()

        async def work(pauses: list[float]) -> None:
            for pause in pauses:
                arrived.append(await case.send(answer))
                await asyncio.sleep(pause)

        await asyncio.gather(*(work([0.0] * 9 + pauses[number::workers]) for number in range(workers)))

    send_requests()
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
async def test_a_burst_goes_at_190_requests_per_second_or_at_a_faster_stated_rate(
    rate: Rate | None, seconds: float
) -> None:
    """1,000 requests are sent as fast as allowed. A faster stated rate means that no limit per IP address applies."""
    case = BudgetCase(limits=Limits(stated=rate, reserve=0))
    assert (await case.send_all(1000, PLENTY))[-1] == SECONDS(seconds, abs=1e-3)


@in_virtual_time
async def test_the_pace_is_not_a_pause(case: BudgetCase) -> None:
    """The short waits between bursts are neither counted nor shown."""
    await case.send_all(100)
    assert (case.counts.waited_seconds, case.pauses) == (0, [])


@pytest.mark.parametrize("microseconds", range(0, 1000, 50))
def test_a_wait_below_the_resolution_of_the_clock_ends(microseconds: int) -> None:
    """A shorter sleep than a microsecond would not move the clock, and the budget would sleep for ever."""
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


# A pause stops all workers


@in_virtual_time
async def test_a_pause_stops_every_worker(case: BudgetCase) -> None:
    """A 429 of one worker concerns all. A request is counted when it is sent, not while it waits."""
    await case.send(PLENTY)
    case.budget.pause(30)
    assert case.counts.requests == 1
    assert await case.send_all(8, PLENTY) == SECONDS([30] * 8)
    assert case.counts.requests == 9


@in_virtual_time
async def test_a_pause_that_begins_while_workers_wait_stops_them_too(case: BudgetCase) -> None:
    """A worker that wakes up checks the pause again."""
    case.budget.pause(10)
    waiting = asyncio.ensure_future(case.send())
    await asyncio.sleep(5)
    case.budget.pause(50)
    assert await waiting == SECONDS(55)


@in_virtual_time
async def test_a_pause_that_begins_while_workers_wait_for_a_response_stops_them_too(case: BudgetCase) -> None:
    """The response that they wait for is a 429."""
    sending = asyncio.ensure_future(case.send_all(3, PLENTY, after=0.4))
    await asyncio.sleep(0.3)
    case.budget.pause(30)
    assert await sending == SECONDS([0, 30.3, 30.3])


@in_virtual_time
async def test_a_sleep_that_ends_early_does_not_end_the_pause() -> None:
    """Timers may fire early."""
    case = BudgetCase(sleep=lambda seconds: asyncio.sleep(min(seconds, 4)))
    case.budget.pause(10)
    assert await case.send() == SECONDS(10)


@pytest.mark.parametrize(("first", "second"), [(30, 10), (10, 30), (30, 30)])
@in_virtual_time
async def test_the_longer_of_two_pauses_counts(case: BudgetCase, first: float, second: float) -> None:
    """They run at the same time, and the wait is counted once."""
    case.budget.pause(first)
    case.budget.pause(second)
    assert case.counts.waited_seconds == SECONDS(30)
    assert await case.send() == SECONDS(30)


@given(st.floats(0.001, 300))
@settings(deadline=None)
def test_a_pause_lasts_exactly_as_long_as_it_should(seconds: float) -> None:
    """This holds although the time is a float. The same pause reported twice counts once."""

    @in_virtual_time
    async def pause() -> None:
        case = BudgetCase()
        case.budget.pause(seconds)
        case.budget.pause(seconds)
        assert case.counts.waited_seconds == SECONDS(seconds, abs=1e-5)
        assert await case.send() == SECONDS(seconds, abs=1e-5)

    pause()


@pytest.mark.parametrize(("seconds", "level"), [(29.9, logging.INFO), (30, logging.WARNING)])
@in_virtual_time
async def test_a_long_pause_is_logged_as_a_warning(
    case: BudgetCase, caplog: pytest.LogCaptureFixture, seconds: float, level: int
) -> None:
    """Short pauses happen now and then although no limit is reached."""
    caplog.set_level(logging.INFO)
    case.budget.pause(seconds)
    assert caplog.record_tuples == [
        ("etl.realtimekit.limit.budget", level, "the API asks to slow down: no request for 30 s")
    ]


@in_virtual_time
async def test_a_pause_reported_by_several_workers_is_logged_once(
    case: BudgetCase, caplog: pytest.LogCaptureFixture
) -> None:
    """Their reports may differ by one second. A pause that is longer by more is logged again."""
    caplog.set_level(logging.INFO)
    for seconds in (30, 30, 30.9, 29, 300):
        case.budget.pause(seconds)
    assert [message.rpartition(" for ")[2] for message in caplog.messages] == ["30 s", "300 s"]


# Progress and waited seconds


@in_virtual_time
async def test_a_spent_window_is_logged_once(case: BudgetCase, caplog: pytest.LogCaptureFixture) -> None:
    """Workers that wait for the same window add no log lines."""
    caplog.set_level(logging.INFO)
    await case.send(limit_headers(0, 40))
    await case.send_all(9, PLENTY)
    assert caplog.messages == ["this window's budget is spent: no request for 41 s"]


@in_virtual_time
async def test_the_counts_show_a_pause(case: BudgetCase) -> None:
    """The callback runs when a pause begins and when the next request is sent."""
    case.budget.pause(5)
    assert case.pauses == [5]
    await case.send(limit_headers(0, 40))
    assert case.pauses == [5, 0]
    waiting = asyncio.ensure_future(case.send(PLENTY))
    await asyncio.sleep(1)
    assert case.pauses == [5, 0, SECONDS(41)]
    await waiting
    assert case.pauses == [5, 0, SECONDS(41), 0]


@in_virtual_time
async def test_a_worker_that_meets_a_pause_shows_it_again(case: BudgetCase) -> None:
    """The counts may have been changed meanwhile."""
    case.budget.pause(5)
    case.counts.pause_seconds_left = 0.0
    waiting = asyncio.ensure_future(case.send())
    await asyncio.sleep(1)
    assert case.counts.pause_seconds_left == SECONDS(5)
    await waiting


@in_virtual_time
async def test_waited_seconds_include_refusals_and_spent_windows(case: BudgetCase) -> None:
    """A refusal of 30 s within a wait of 41 s adds nothing. One of 60 s that begins after 20 s makes 80 s."""
    await case.send(limit_headers(0, 40))
    waiting = asyncio.ensure_future(case.send(PLENTY))
    await asyncio.sleep(5)
    case.budget.pause(30)
    assert case.counts.waited_seconds == SECONDS(41)
    await asyncio.sleep(15)
    case.budget.pause(60)
    assert case.counts.waited_seconds == SECONDS(80)
    assert await waiting == SECONDS(80)


@in_virtual_time
async def test_the_rest_of_a_pause_is_not_counted_at_the_end_of_a_run(case: BudgetCase) -> None:
    """A run that ends during a pause waited only until then. Closing twice changes nothing."""
    case.budget.pause(300)
    await asyncio.sleep(20)
    case.budget.close()
    case.budget.close()
    assert case.counts.waited_seconds == SECONDS(20)
    assert case.counts.pause_seconds_left == 0


@in_virtual_time
async def test_a_pause_that_is_over_counts_whole(case: BudgetCase) -> None:
    """Closing subtracts only the time that is left."""
    case.budget.pause(10)
    await asyncio.sleep(25)
    case.budget.close()
    assert case.counts.waited_seconds == 10


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 300)), max_size=8), st.integers(0, 400))
@settings(deadline=None)
def test_waited_seconds_are_the_time_of_all_pauses(pauses: list[tuple[int, int]], end: int) -> None:
    """Every second of the run counts once if some pause covers it, however pauses overlap."""

    @in_virtual_time
    async def pause_and_close() -> None:
        case = BudgetCase()
        held: set[int] = set()
        for passed, length in pauses:
            await asyncio.sleep(passed)
            case.budget.pause(length)
            held |= set(range(round(elapsed()), round(elapsed()) + length))
        await asyncio.sleep(end)
        case.budget.close()
        assert case.counts.waited_seconds == SECONDS(len([second for second in held if second < round(elapsed())]))

    pause_and_close()


# Cancelled workers


@pytest.mark.parametrize("cancelled", [0, 1])
@in_virtual_time
async def test_a_cancelled_worker_lets_the_next_one_send(case: BudgetCase, cancelled: int) -> None:
    """A worker waits for the end of a pause or for its turn. If it is cancelled, no request is counted for it."""
    case.budget.pause(10)
    waiting = [asyncio.ensure_future(case.send(PLENTY)) for _ in range(3)]
    await asyncio.sleep(5)
    waiting.pop(cancelled).cancel()
    assert await asyncio.gather(*waiting) == SECONDS([10, 10])
    assert case.counts.requests == 2


@pytest.mark.parametrize("cancelled", [0, 1])
@in_virtual_time
async def test_a_worker_cancelled_while_it_waits_for_a_response_lets_the_next_one_send(
    case: BudgetCase, cancelled: int
) -> None:
    """No request is counted for it."""
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
async def test_a_clock_that_is_set_back_ends_a_pause(case: BudgetCase) -> None:
    """Time servers and laptops that wake up set it back. Nobody knows how much of the pause is left."""
    case.budget.pause(300)
    case.clock_offset = timedelta(hours=-1)
    assert await case.send() == 0


@in_virtual_time
async def test_a_clock_that_is_set_back_makes_no_negative_wait(case: BudgetCase) -> None:
    """Nothing was waited for, so nothing is subtracted."""
    case.clock_offset = timedelta(hours=-1)
    case.budget.close()
    assert case.counts.waited_seconds == 0


@in_virtual_time
async def test_a_clock_that_is_set_back_makes_the_windows_unknown(case: BudgetCase) -> None:
    """Their ends may be hours away by that clock. One request finds out, and the others wait for its response."""
    await case.send(limit_headers(0, 300))
    case.clock_offset = timedelta(hours=-1)
    assert await case.send_all(3, limit_headers(500, 300), after=0.4) == [0, 0.4, 0.4]
    assert case.budget.remaining() == 380


@in_virtual_time
async def test_a_clock_that_is_set_back_before_a_response_leaves_its_window_known(case: BudgetCase) -> None:
    """The response reports a window that has not ended, and the next responses report the same one."""
    sent_at = await case.budget.acquire(is_retry=False)
    case.clock_offset = timedelta(hours=-1)
    case.budget.record_response(sent_at, limit_headers(140, 100))
    await case.send(limit_headers(130, 100))
    assert await case.count_sent() == 10


@in_virtual_time
async def test_a_clock_that_is_set_back_keeps_the_log_of_requests(case: BudgetCase) -> None:
    """Without limits in the responses, all requests count as if they were sent now."""
    case = BudgetCase(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send_all(8)
    case.clock_offset = timedelta(hours=-1)
    await asyncio.sleep(30)
    assert await case.send_all(3) == SECONDS([30, 30, 90.6], abs=0.01)
