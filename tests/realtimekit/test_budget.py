from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.models import Spending, Tally
from etl.realtimekit.budget import RequestBudget
from etl.settings import Limits, Rate

from .virtual_time import START, elapsed, in_virtual_time, now

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SECONDS = pytest.approx  # the time of day is a float: nothing is told apart below a microsecond
NOTHING: dict[str, str] = {}  # an answer without a word about limits
PLENTY = {"ratelimit": '"default";r=100000;t=1000'}


def told(left: int, ends_in: float, *, quota: int | None = 1200) -> dict[str, str]:
    """Headers about one limit."""
    policy = {"ratelimit-policy": f'"default";q={quota};w=300'} if quota is not None else {}
    return {"ratelimit": f'"default";r={left};t={ends_in:g}'} | policy


class Case:
    """A budget with its tally; `set_by` is how far its clock was set."""

    def __init__(self, **given: Any) -> None:
        self.tally = Tally()
        self.set_by = timedelta()
        self.holds: list[bool] = []
        given = {"limits": Limits(), "sleep": asyncio.sleep, "on_hold": self._look} | given
        self.budget = RequestBudget(self.tally, now=self._now, **given)

    def _now(self) -> datetime:
        return now() + self.set_by

    def _look(self) -> None:
        self.holds.append(self.tally.is_held)

    async def send(
        self, answer: Mapping[str, str] | None = NOTHING, *, after: float = 0.0, is_retry: bool = False
    ) -> float:
        """Send a request that is answered after so many seconds; when it left."""
        sent_at = await self.budget.acquire(is_retry=is_retry)
        left_at = elapsed()
        await asyncio.sleep(after)
        self.budget.release(sent_at, answer)
        return left_at

    async def send_by(self, workers: int, answer: Mapping[str, str] | None = NOTHING, *, after: float = 0.0) -> Any:
        """Send a request by each of some workers at once; when each left."""
        return await asyncio.gather(*(self.send(answer, after=after) for _ in range(workers)))

    async def passing(self, workers: int = 400) -> int:
        """How many of so many requests pass within some seconds while none is answered."""
        sending = [asyncio.ensure_future(self.send(after=1e6)) for _ in range(workers)]
        before = self.tally.requests
        await asyncio.sleep(3)
        for one in sending:
            one.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        return self.tally.requests - before


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
    assert (case.tally.requests, case.tally.retries) == (4, 1)


@in_virtual_time
async def test_an_acquired_request_leaves_at_the_instant_that_is_told(case: Case) -> None:
    """By the clock of the budget, in seconds."""
    case.budget.hold(7)
    assert await case.budget.acquire(is_retry=False) == SECONDS(START.timestamp() + 7, abs=1e-5)


# The start: one asks


@pytest.mark.parametrize("answer", [PLENTY, NOTHING, None])
@in_virtual_time
async def test_the_first_request_asks_and_the_others_wait_for_its_answer(
    case: Case, answer: dict[str, str] | None
) -> None:
    """How the limit stands is unknown until then; also an answer that says nothing ends the wait, or none at all."""
    assert await case.send_by(5, answer, after=0.4) == [0, 0.4, 0.4, 0.4, 0.4]


@in_virtual_time
async def test_an_answer_that_takes_long_holds_up_nobody(case: Case) -> None:
    """After half a second the others go by the own log; what the answer says counts when it comes."""
    slow = asyncio.ensure_future(case.send(told(122, 100), after=5))
    await asyncio.sleep(0)
    assert await case.send_by(2) == [0.5, 0.5]
    case = Case(limits=Limits(stated=Rate(requests=3, seconds=60), reserve=0))
    assert await case.send_by(4, after=70) == SECONDS([0.5, 1, 1, 60.5])
    await slow


@in_virtual_time
async def test_waiting_for_an_answer_is_no_hold(case: Case) -> None:
    """The limit does not hold the run: nothing is counted or shown."""
    await case.send_by(5, PLENTY, after=0.4)
    assert (case.tally.waited_seconds, case.holds) == (0, [])


# What `Ratelimit` says


@pytest.mark.parametrize(
    ("left", "quota", "reserve", "passing"),
    [
        (125, 1200, 0.1, 5),
        (121, 1200, 0.1, 1),
        (120, 1200, 0.1, 0),
        (0, 1200, 0.1, 0),
        (125, 1200, 0.0, 125),
        (0, 1200, 0.0, 0),
        (1199, 1200, 0.9, 119),
        (19, 15, 0.1, 17),
        (1, 1, 0.9, 1),
        (1, 1, 0.0, 1),
        (0, 1, 0.9, 0),
        (3, 2, 0.9, 2),
        (5, 0, 0.1, 4),
        (10**15 - 1, 10**15 - 1, 0.1, 400),
    ],
)
@in_virtual_time
async def test_what_is_left_may_be_sent_but_for_the_reserve(
    left: int, quota: int, reserve: float, passing: int
) -> None:
    """The reserve is a share of the quota, rounded up, and never all of it. A quota of nothing is none."""
    case = Case(limits=Limits(reserve=reserve))
    await case.send(told(left, 100, quota=quota))
    assert await case.passing() == passing


@in_virtual_time
async def test_headers_may_allow_more_than_the_documented_limit(case: Case) -> None:
    """RealtimeKit's own page names 3,500: the headers decide."""
    await case.send(told(3499, 300, quota=3500))
    await case.send_by(2000, told(1400, 290, quota=3500))
    assert elapsed() == SECONDS(10.4, abs=0.2)


@pytest.mark.parametrize(("left", "passing"), [(200, 180), (10, 9), (1, 1)])
@in_virtual_time
async def test_without_a_policy_the_reserve_is_a_share_of_the_most_that_was_left(
    case: Case, left: int, passing: int
) -> None:
    """That is what is known of the quota."""
    await case.send(told(left, 100, quota=None))
    assert await case.passing() == passing


@in_virtual_time
async def test_the_most_that_was_left_is_remembered_over_windows(case: Case) -> None:
    """A window that others opened may show less; the reserve stays 20 of 200."""
    await case.send(told(200, 10, quota=None))
    await asyncio.sleep(11)
    await case.send(told(50, 100, quota=None))
    assert await case.passing() == 30


@in_virtual_time
async def test_the_most_that_was_left_may_be_told_late(case: Case) -> None:
    """Answers overtake each other: the reserve is 20 of 200, and 100 are left."""
    await case.send(told(100, 100, quota=None))
    await case.send(told(200, 100, quota=None))
    assert await case.passing() == 80


@in_virtual_time
async def test_requests_under_way_are_taken_off_until_they_are_answered(case: Case) -> None:
    """They may or may not be in the figure of an answer that came meanwhile."""
    await case.send(told(140, 100))
    slow = [asyncio.ensure_future(case.send(told(125, 95), after=5)) for _ in range(15)]
    await asyncio.sleep(1)
    await case.send(told(125, 99))
    assert await case.passing() == 0  # 125 - 15 under way - 120
    await asyncio.gather(*slow)


@in_virtual_time
async def test_what_is_answered_gives_way_at_once(case: Case) -> None:
    """Of the limit only 5 are left: three more pass once the answers say that all under way are counted."""
    await case.send(told(125, 100))
    first = asyncio.gather(*(case.send(told(123, 98), after=2) for _ in range(2)))
    await asyncio.sleep(1)
    rest = await case.send_by(8, told(120, 90), after=4)
    assert rest[:3] == [1, 1, 1]
    assert rest[3:] == SECONDS([99] * 5)  # what the answer at 2 s tells is the earliest end of the window
    await first


@in_virtual_time
async def test_of_several_limits_the_tightest_counts(case: Case) -> None:
    """Each has its own reserve, by the policy of its name."""
    policy = '"burst";q=100;w=60, "default";q=1200;w=300'
    await case.send({"ratelimit": '"default";r=900;t=200, "burst";r=50;t=30', "ratelimit-policy": policy})
    assert await case.passing() == 40
    case = Case()
    await case.send({"ratelimit": '"default";r=130;t=200, "burst";r=50;t=30', "ratelimit-policy": policy})
    assert await case.passing() == 10


@in_virtual_time
async def test_of_several_spent_limits_the_last_to_end_counts(case: Case) -> None:
    """And the other one is spent no more by then."""
    await case.send({"ratelimit": '"default";r=0;t=200, "burst";r=0;t=30'})
    assert await case.send(PLENTY) == SECONDS(201)


@in_virtual_time
async def test_who_asks_about_one_limit_heeds_the_others(case: Case) -> None:
    """A short window has ended while the long one is spent: nobody may ask before that ends too."""
    await case.send({"ratelimit": '"default";r=121;t=200, "burst";r=50;t=3', "ratelimit-policy": '"default";q=1200'})
    await case.send({"ratelimit": '"default";r=120;t=194, "burst";r=50;t=3'}, after=6)
    await asyncio.sleep(10)
    assert await case.send(PLENTY) == SECONDS(199)


# Windows


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (told(0, 40), 41),
        (told(0, 0), 1),
        (told(0, 40.5), 41.5),
        ({"ratelimit": '"default";r=0', "ratelimit-policy": '"default";q=9;w=70'}, 71),
        ({"ratelimit": '"default";r=0;t=soon'}, 301),
        (told(0, 10**8), 3601),
        ({"ratelimit": '"default";r=0', "ratelimit-policy": '"default";w=99999999'}, 3601),
    ],
)
@in_virtual_time
async def test_a_spent_window_is_waited_for(case: Case, answer: dict[str, str], end: float) -> None:
    """A second longer than is told: whole seconds are rounded somehow. An end that is not told is one window away.

    A window of years is asked about after an hour: nobody waits that long for what may be a mistake.
    """
    await case.send(answer)
    assert await case.send(PLENTY) == SECONDS(end, abs=0.01)
    assert case.tally.waited_seconds == SECONDS(end, abs=0.01)


@in_virtual_time
async def test_after_a_window_one_request_asks_and_the_others_wait_for_its_answer(case: Case) -> None:
    """Nothing is known of the next window: others may have spent it."""
    await case.send(told(130, 40))
    await asyncio.sleep(50)
    assert await case.send_by(4, told(1100, 300), after=0.4) == SECONDS([50, 50.4, 50.4, 50.4])


@in_virtual_time
async def test_after_a_window_nobody_asks_while_a_request_of_it_is_under_way(case: Case) -> None:
    """It may be counted in the next window."""
    await case.send(told(130, 40))
    late = asyncio.ensure_future(case.send(told(120, 1), after=50.4))
    await asyncio.sleep(50)
    assert await case.send(PLENTY) == SECONDS(50.4)
    await late


@in_virtual_time
async def test_what_was_left_of_a_window_is_forgotten_with_it(case: Case) -> None:
    """The next answer counts, also where it comes soon after."""
    await case.send(told(0, 40))
    await case.send(told(160, 299))
    assert await case.passing() == 40


@in_virtual_time
async def test_an_answer_may_tell_of_the_next_window_before_anybody_asked(case: Case) -> None:
    """The end of a window is known to the second only; what was sent after it is counted in the next."""
    await case.send(told(121, 40))
    await asyncio.sleep(40.5)
    await case.send(told(160, 300))
    assert await case.passing() == 40


@pytest.mark.parametrize("latency", [0.0, 1.5, 9.0])
@in_virtual_time
async def test_a_late_answer_of_an_older_window_changes_nothing(case: Case, latency: float) -> None:
    """It was asked before that window ended, and overtaken."""
    await case.send(told(200, 40))
    await asyncio.sleep(39)
    late = await case.budget.acquire(is_retry=False)
    await asyncio.sleep(1.5)
    await case.send(told(160, 300))
    await asyncio.sleep(latency)
    case.budget.release(late, told(120, 1))
    assert await case.passing() == 40


@pytest.mark.parametrize("lefts", [(150, 148, 149), (148, 149, 150), (149, 150, 148)])
@in_virtual_time
async def test_of_answers_out_of_order_the_least_counts(case: Case, lefts: tuple[int, ...]) -> None:
    """The last to be sent need not be the last to come back."""
    for left in lefts:
        await case.send(told(left, 100))
    assert await case.passing() == 28


@pytest.mark.parametrize("ends", [(100, 99, 100), (99, 100, 100), (100, 100, 99)])
@in_virtual_time
async def test_of_the_ends_that_are_told_the_earliest_counts(case: Case, ends: tuple[float, ...]) -> None:
    """All are the end of one window, and what an answer took on its way makes it seem later."""
    for end in ends:
        await case.send(told(120 if end is ends[-1] else 200, end))
    assert await case.send(PLENTY) == SECONDS(100)


@in_virtual_time
async def test_a_server_whose_end_moves_with_the_time_is_followed(case: Case) -> None:
    """A sliding window is told as one that always ends as far ahead: the newest figure counts."""
    for left in (300, 200, 260):
        await case.send(told(left, 300))
        await asyncio.sleep(5)
    assert await case.passing() == 140


@pytest.mark.parametrize("answer", [None, NOTHING, {"ratelimit": "oops"}])
@in_virtual_time
async def test_a_request_without_an_answer_is_taken_as_counted(case: Case, answer: dict[str, str] | None) -> None:
    """The API may have had it, and an answer may say nothing: the others' figures are a request old."""
    await case.send(told(130, 100))
    await case.send_by(4, answer)
    assert await case.passing() == 6


# Where the answers say nothing


@in_virtual_time
async def test_without_headers_the_documented_limit_is_held_less_the_reserve(case: Case) -> None:
    """1,080 in any 300 s, as fast as they may go."""
    left_at = await case.send_by(1500)
    assert left_at[1079] < 5.7
    assert left_at[1080] == SECONDS(300, abs=0.4)
    assert left_at[1499] < 303


@pytest.mark.parametrize(("reserve", "passing"), [(0.0, 10), (0.1, 9), (0.11, 8), (0.9, 1), (0.99, 1)])
@in_virtual_time
async def test_a_stated_rate_takes_the_place_of_the_documented_one(reserve: float, passing: int) -> None:
    """Less the reserve, and at least one in a window."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=reserve))
    left_at = await case.send_by(passing + 1)
    assert left_at == SECONDS([0] * passing + [60], abs=0.1)


@in_virtual_time
async def test_a_stated_rate_holds_where_the_headers_allow_more() -> None:
    """Who states it wants no more to be spent."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    assert await case.send_by(11, PLENTY) == SECONDS([0] * 10 + [60], abs=0.1)


@in_virtual_time
async def test_the_headers_hold_where_a_stated_rate_would_allow_more() -> None:
    """The tightest of all limits counts."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send(told(3, 20, quota=3))
    assert await case.passing() == 3
    case = Case(limits=Limits(stated=Rate(requests=1, seconds=5), reserve=0))
    before = await case.send(told(0, 20, quota=3))
    assert await case.send() == SECONDS(before + 21)


@pytest.mark.parametrize(("ago", "requests", "passing"), [(200, 1000, 80), (299, 1070, 10), (300, 1000, 400)])
@in_virtual_time
async def test_what_earlier_runs_have_spent_counts(ago: float, requests: int, passing: int) -> None:
    """While it lies within the window, and the answers say nothing; a run that ended 300 s ago is forgotten."""
    case = Case(spent=[Spending(START - timedelta(seconds=ago), requests - 1), Spending(START, 0)])
    await case.send()
    assert await case.passing() == passing


@in_virtual_time
async def test_one_request_asks_however_much_was_spent(case: Case) -> None:
    """The answers know better; without a word from them, the others wait until earlier runs' requests are past."""
    case = Case(spent=[Spending(START - timedelta(seconds=100), 5000)])
    assert await case.send_by(2) == SECONDS([0, 200])
    case = Case(spent=[Spending(START - timedelta(seconds=100), 5000)])
    assert await case.send_by(2, PLENTY) == SECONDS([200, 200])


@in_virtual_time
async def test_a_stated_rate_that_is_spent_lets_nobody_ask() -> None:
    """It is kept whatever the answers would say."""
    rate = Rate(requests=10, seconds=60)
    case = Case(limits=Limits(stated=rate), spent=[Spending(START - timedelta(seconds=20), 9)])
    assert await case.send(PLENTY) == SECONDS(40)


# How many are left


@in_virtual_time
async def test_how_many_may_be_sent_can_be_asked(case: Case) -> None:
    """By the own log while nothing is known, then by the tightest limit, less what is under way; never below none."""
    assert case.budget.left() == 1080
    await case.send({"ratelimit": '"default";r=200;t=100, "burst";r=50;t=100'})
    assert case.budget.left() == 45
    await case.budget.acquire(is_retry=False)
    assert case.budget.left() == 44
    await case.send(told(0, 100))
    assert case.budget.left() == 0


@in_virtual_time
async def test_what_may_be_sent_of_an_ended_window_is_nobodys_question(case: Case) -> None:
    """The own log tells again, of what was sent in 300 s."""
    await case.send(told(0, 20))
    await asyncio.sleep(21)
    assert case.budget.left() == 1079


@in_virtual_time
async def test_no_more_than_the_stated_rate_may_be_sent() -> None:
    """Also where the headers allow more, or less."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send(PLENTY)
    assert case.budget.left() == 9
    await case.send(told(4, 1000, quota=4))
    assert case.budget.left() == 4


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
    assert (case.tally.waited_seconds, case.holds) == (0, [])


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
        budget = RequestBudget(Tally(), Limits(), now=lambda: at, sleep=sleep)
        for _ in range(20 * 19):
            budget.release(await budget.acquire(is_retry=False), PLENTY)

    asyncio.run(send())


# A refusal holds everybody


@in_virtual_time
async def test_a_pause_holds_every_worker(case: Case) -> None:
    """One worker's 429 is everybody's; a request is counted when it leaves, not while it waits."""
    await case.send(PLENTY)
    case.budget.hold(30)
    assert case.tally.requests == 1
    assert await case.send_by(8, PLENTY) == SECONDS([30] * 8)
    assert case.tally.requests == 9


@in_virtual_time
async def test_a_pause_that_comes_while_others_wait_holds_them_too(case: Case) -> None:
    """Who wakes looks again whether it may send."""
    case.budget.hold(10)
    waiting = asyncio.ensure_future(case.send())
    await asyncio.sleep(5)
    case.budget.hold(50)
    assert await waiting == SECONDS(55)


@in_virtual_time
async def test_a_pause_that_comes_while_others_wait_for_an_answer_holds_them_too(case: Case) -> None:
    """The answer that they wait for is a 429."""
    sending = asyncio.ensure_future(case.send_by(3, PLENTY, after=0.4))
    await asyncio.sleep(0.3)
    case.budget.hold(30)
    assert await sending == SECONDS([0, 30.3, 30.3])


@in_virtual_time
async def test_a_sleep_that_ends_too_early_lets_nothing_pass() -> None:
    """Timers may be early."""
    case = Case(sleep=lambda seconds: asyncio.sleep(min(seconds, 4)))
    case.budget.hold(10)
    assert await case.send() == SECONDS(10)


@pytest.mark.parametrize(("first", "second"), [(30, 10), (10, 30), (30, 30)])
@in_virtual_time
async def test_of_two_pauses_the_longer_counts(case: Case, first: float, second: float) -> None:
    """They run side by side, not one after the other; waiting is not counted twice."""
    case.budget.hold(first)
    case.budget.hold(second)
    assert case.tally.waited_seconds == SECONDS(30)
    assert await case.send() == SECONDS(30)


@pytest.mark.parametrize(("seconds", "level"), [(29.9, logging.INFO), (30, logging.WARNING)])
@in_virtual_time
async def test_a_long_pause_is_worth_a_warning(
    case: Case, caplog: pytest.LogCaptureFixture, seconds: float, level: int
) -> None:
    """A short one happens now and then without any limit being reached."""
    caplog.set_level(logging.INFO)
    case.budget.hold(seconds)
    assert caplog.record_tuples == [("etl.realtimekit.budget", level, "the API asks to slow down: no request for 30 s")]


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
    case.budget.hold(5)
    assert (case.tally.is_held, case.holds) == (True, [True])
    await case.send(told(0, 40))
    assert (case.tally.is_held, case.holds) == (False, [True, False])
    waiting = asyncio.ensure_future(case.send(PLENTY))
    await asyncio.sleep(1)
    assert (case.tally.is_held, case.holds) == (True, [True, False, True])
    await waiting
    assert (case.tally.is_held, case.holds) == (False, [True, False, True, False])


@in_virtual_time
async def test_who_comes_into_a_hold_shows_it_again(case: Case) -> None:
    """Somebody else may have settled what is shown."""
    case.budget.hold(5)
    case.tally.is_held = False
    waiting = asyncio.ensure_future(case.send())
    await asyncio.sleep(1)
    assert case.tally.is_held
    await waiting


@in_virtual_time
async def test_waited_seconds_are_those_of_refusals_and_of_spent_windows_together(case: Case) -> None:
    """A refusal of 30 s within a wait of 41 s costs no more; one that begins at 20 s of it, and lasts 60, makes 80."""
    await case.send(told(0, 40))
    waiting = asyncio.ensure_future(case.send(PLENTY))
    await asyncio.sleep(5)
    case.budget.hold(30)
    assert case.tally.waited_seconds == SECONDS(41)
    await asyncio.sleep(15)
    case.budget.hold(60)
    assert case.tally.waited_seconds == SECONDS(80)
    assert await waiting == SECONDS(80)


@in_virtual_time
async def test_what_is_not_waited_for_is_not_counted(case: Case) -> None:
    """A run that ends in a pause has waited until its end; settling twice changes nothing."""
    case.budget.hold(300)
    await asyncio.sleep(20)
    case.budget.settle()
    case.budget.settle()
    assert case.tally.waited_seconds == SECONDS(20)
    assert not case.tally.is_held


@in_virtual_time
async def test_a_pause_that_is_over_is_counted_whole(case: Case) -> None:
    """Settling takes back only what lies ahead."""
    case.budget.hold(10)
    await asyncio.sleep(25)
    case.budget.settle()
    assert case.tally.waited_seconds == 10


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
            case.budget.hold(length)
            held |= set(range(round(elapsed()), round(elapsed()) + length))
        await asyncio.sleep(end)
        case.budget.settle()
        assert case.tally.waited_seconds == SECONDS(len([second for second in held if second < round(elapsed())]))

    pause_and_settle()


# Cancelled


@pytest.mark.parametrize("cancelled", [0, 1])
@in_virtual_time
async def test_a_waiter_that_is_cancelled_lets_the_next_one_through(case: Case, cancelled: int) -> None:
    """Whether it waits for the pause, or behind the one that does. It has sent nothing, and counts for nothing."""
    case.budget.hold(10)
    waiting = [asyncio.ensure_future(case.send(PLENTY)) for _ in range(3)]
    await asyncio.sleep(5)
    waiting.pop(cancelled).cancel()
    assert await asyncio.gather(*waiting) == SECONDS([10, 10])
    assert case.tally.requests == 2


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
    assert case.tally.requests == 3


# A clock that is set back


@in_virtual_time
async def test_a_clock_that_is_set_back_ends_a_hold(case: Case) -> None:
    """Time servers and woken laptops do it: nobody can say how much of the hold is left."""
    case.budget.hold(300)
    case.set_by = timedelta(hours=-1)
    assert await case.send() == 0


@in_virtual_time
async def test_a_clock_that_is_set_back_is_no_negative_wait(case: Case) -> None:
    """Nothing was waited for, so that nothing is taken back."""
    case.set_by = timedelta(hours=-1)
    case.budget.settle()
    assert case.tally.waited_seconds == 0


@in_virtual_time
async def test_a_clock_that_is_set_back_makes_the_windows_unknown(case: Case) -> None:
    """Their ends may be hours away by it: one asks, the others wait for its answer."""
    await case.send(told(0, 300))
    case.set_by = timedelta(hours=-1)
    assert await case.send_by(3, told(500, 300), after=0.4) == [0, 0.4, 0.4]
    assert case.budget.left() == 380


@in_virtual_time
async def test_a_clock_that_is_set_back_before_an_answer_leaves_its_window_known(case: Case) -> None:
    """The answer tells of a window that has not ended, and the next answers tell of the same one."""
    sent_at = await case.budget.acquire(is_retry=False)
    case.set_by = timedelta(hours=-1)
    case.budget.release(sent_at, told(140, 100))
    await case.send(told(130, 100))
    assert await case.passing() == 10


@in_virtual_time
async def test_a_clock_that_is_set_back_keeps_what_was_sent(case: Case) -> None:
    """Where the answers say nothing, all of it counts as if it were sent now."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send_by(8)
    case.set_by = timedelta(hours=-1)
    await asyncio.sleep(30)
    assert await case.send_by(3) == SECONDS([30, 30, 90], abs=0.1)
