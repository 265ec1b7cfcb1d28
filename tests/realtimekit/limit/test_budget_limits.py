from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from etl.settings import Limits, Rate
from etl.values.fetch import Spending
from tests.realtimekit.limit.virtual_time import START, elapsed, in_virtual_time

from .budget_case import NOTHING, PLENTY, SECONDS, Case, told


@pytest.fixture
def case() -> Case:
    """A budget that nothing has used."""
    return Case()


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
    assert await case.send_by(4, after=70) == SECONDS([0.5, 1, 1, 61.1])
    await slow


@in_virtual_time
async def test_waiting_for_an_answer_is_no_hold(case: Case) -> None:
    """The limit does not hold the run: nothing is counted or shown."""
    await case.send_by(5, PLENTY, after=0.4)
    assert (case.counts.waited_seconds, case.holds) == (0, [])


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
        (125, 0, 0.1, 5),
        (10**15 - 1, 10**15 - 1, 0.1, 400),
    ],
)
@in_virtual_time
async def test_what_is_left_may_be_sent_but_for_the_reserve(
    left: int, quota: int, reserve: float, passing: int
) -> None:
    """The reserve is a share of the quota, rounded up, and never all of it. A quota of nothing is none told."""
    case = Case(limits=Limits(reserve=reserve))
    await case.send(told(left, 100, quota=quota))
    assert await case.passing() == passing


@in_virtual_time
async def test_headers_may_allow_more_than_the_documented_limit(case: Case) -> None:
    """RealtimeKit's own page names 3,500: the headers decide."""
    await case.send(told(3499, 300, quota=3500))
    await case.send_by(2000, told(1400, 290, quota=3500))
    assert elapsed() == SECONDS(10.4, abs=0.2)


@pytest.mark.parametrize(("left", "passing"), [(200, 80), (120, 0), (1500, 400)])
@in_virtual_time
async def test_without_a_policy_the_reserve_is_at_first_a_share_of_the_documented_limit(
    case: Case, left: int, passing: int
) -> None:
    """Others may have spent the most of the window: a share of what they left would be too small."""
    await case.send(told(left, 100, quota=None))
    assert await case.passing() == passing


@in_virtual_time
async def test_without_a_policy_a_window_allows_what_it_begins_with(case: Case) -> None:
    """That is what its first answer says, and the request itself: the reserve is 21 of 201."""
    await case.send(told(0, 10, quota=None))
    await case.send(told(200, 100, quota=None))
    assert await case.passing() == 179


@in_virtual_time
async def test_the_most_that_was_left_may_be_told_late(case: Case) -> None:
    """Answers overtake each other: the reserve is 20 of 200, and 100 are left."""
    await case.send(told(0, 10, quota=None))
    await case.send(told(100, 100, quota=None))
    await case.send(told(200, 100, quota=None))
    assert await case.passing() == 80


@in_virtual_time
async def test_requests_under_way_are_taken_off_until_they_are_answered(case: Case) -> None:
    """They may or may not be in the figure of an answer that came meanwhile; then it is known that they are."""
    await case.send(told(140, 100))
    slow = asyncio.gather(*(case.send(told(125, 95), after=5) for _ in range(15)))
    await asyncio.sleep(1)
    await case.send(told(125, 99))
    assert await case.passing() == 0  # 125 - 15 under way - 120
    assert await case.passing() == 5
    await slow


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
    assert await case.send(PLENTY) == SECONDS(201)


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
    assert case.counts.waited_seconds == SECONDS(end, abs=0.01)


@in_virtual_time
async def test_after_a_window_one_request_asks_and_the_others_wait_for_its_answer(case: Case) -> None:
    """Nothing is known of the next window: others may have spent it."""
    await case.send(told(130, 40))
    await asyncio.sleep(50)
    assert await case.send_by(4, told(1100, 300), after=0.4) == SECONDS([50, 50.4, 50.4, 50.4])


@in_virtual_time
async def test_after_a_spent_window_one_request_asks_at_the_instant_it_ends(case: Case) -> None:
    """As before, though all wait for that instant."""
    await case.send(told(0, 40))
    assert await case.send_by(4, told(1100, 300), after=0.4) == SECONDS([41, 41.4, 41.4, 41.4])


@in_virtual_time
async def test_after_a_window_an_answer_that_takes_long_holds_up_nobody(case: Case) -> None:
    """As at the start: the window that has ended holds nobody either."""
    await case.send(told(130, 40))
    await asyncio.sleep(50)
    slow = asyncio.ensure_future(case.send(told(1100, 300), after=5))
    await asyncio.sleep(0)
    assert await case.send_by(3) == SECONDS([50.5] * 3)
    await slow


@in_virtual_time
async def test_a_limit_that_is_told_no_more_ends_with_its_window(case: Case) -> None:
    """Nobody asks about it again and again."""
    await case.send({"ratelimit": '"default";r=900;t=200, "burst";r=50;t=3'})
    await asyncio.sleep(10)
    await case.send(told(900, 190))
    assert await case.send_by(3, told(900, 190), after=0.4) == SECONDS([10] * 3)


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
async def test_windows_may_be_as_short_as_a_second(case: Case) -> None:
    """Whoever waited for the end of one is counted in the next."""
    await case.send(told(0, 1))
    await case.send(told(160, 1))
    assert case.budget.remaining() == 40


@pytest.mark.parametrize(("end", "later", "end_then"), [(100, 2, 100), (100, 0, 98), (100, 1, 99), (100, 0, 102)])
@in_virtual_time
async def test_ends_that_may_be_one_are_those_of_one_window(
    case: Case, end: float, later: float, end_then: float
) -> None:
    """Each is told to the second, so that two of them may differ by two: what was least is left of it."""
    await case.send(told(130, end))
    await asyncio.sleep(later)
    await case.send(told(125, end_then))
    await case.send(told(160, end_then))
    assert await case.passing() == 5


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
    case.budget.record_response(late, told(120, 1))
    assert await case.passing() == 40


@pytest.mark.parametrize("latency", [0.0, 5.0])
@in_virtual_time
async def test_an_end_that_was_told_wrongly_is_corrected_by_the_next_answer(case: Case, latency: float) -> None:
    """Whose request was sent later: it can't be of an older window."""
    await case.send(told(1000, 3000))
    await case.send(told(125, 100), after=latency)
    assert await case.passing() == 5


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
    for left, end in zip((200, 200, 120), ends, strict=True):
        await case.send(told(left, end))
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
    """1,080 in any 300 s, as fast as they may go; a second longer, since they take differently long to arrive."""
    left_at = await case.send_by(1500)
    assert left_at[1079] < 5.7
    assert left_at[1080] == SECONDS(301.2, abs=0.2)
    assert left_at[1499] < 304


@pytest.mark.parametrize(("reserve", "passing"), [(0.0, 10), (0.1, 9), (0.11, 8), (0.9, 1), (0.99, 1)])
@in_virtual_time
async def test_a_stated_rate_takes_the_place_of_the_documented_one(reserve: float, passing: int) -> None:
    """Less the reserve, and at least one in a window; a hundredth longer, for what they take to arrive."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=reserve))
    left_at = await case.send_by(passing + 1)
    assert left_at == SECONDS([0] * passing + [60.6], abs=0.01)


@in_virtual_time
async def test_a_stated_rate_holds_where_the_headers_allow_more() -> None:
    """Who states it wants no more to be spent."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    assert await case.send_by(11, PLENTY) == SECONDS([0] * 10 + [60.6], abs=0.01)


@in_virtual_time
async def test_the_headers_hold_where_a_stated_rate_would_allow_more() -> None:
    """The tightest of all limits counts."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send(told(3, 20, quota=3))
    assert await case.passing() == 3
    case = Case(limits=Limits(stated=Rate(requests=1, seconds=5), reserve=0))
    before = await case.send(told(0, 20, quota=3))
    assert await case.send() == SECONDS(before + 21)


@pytest.mark.parametrize(("ago", "requests", "passing"), [(200, 1000, 80), (290, 1070, 10), (301, 1000, 400)])
@in_virtual_time
async def test_what_earlier_runs_have_spent_counts(ago: float, requests: int, passing: int) -> None:
    """While it lies within the window, and the answers say nothing; a run that ended 301 s ago is forgotten."""
    case = Case(
        spent=[
            Spending(finished_at=START - timedelta(seconds=ago), requests=requests - 1),
            Spending(finished_at=START, requests=0),
        ]
    )
    await case.send()
    assert await case.passing() == passing


@in_virtual_time
async def test_where_earlier_runs_have_spent_everything_one_request_asks(case: Case) -> None:
    """It is one of the reserve, and the answer may know of room that the documented limit has not."""
    case = Case(spent=[Spending(finished_at=START - timedelta(seconds=100), requests=5000)])
    assert await case.send_by(2, PLENTY) == SECONDS([0, 0])
    case = Case(spent=[Spending(finished_at=START - timedelta(seconds=100), requests=5000)])
    assert await case.send_by(2, NOTHING) == SECONDS([0, 201])


@in_virtual_time
async def test_without_a_reserve_nobody_asks_where_everything_is_spent() -> None:
    """The one request could be the one that is refused, and everybody with it: it waits until theirs are past."""
    case = Case(limits=Limits(reserve=0.0), spent=[Spending(finished_at=START - timedelta(seconds=100), requests=5000)])
    assert await case.send_by(2, PLENTY) == SECONDS([201, 201])


@in_virtual_time
async def test_a_stated_rate_that_is_spent_lets_nobody_ask() -> None:
    """It is kept whatever the answers would say."""
    rate = Rate(requests=10, seconds=60)
    case = Case(limits=Limits(stated=rate), spent=[Spending(finished_at=START - timedelta(seconds=20), requests=9)])
    assert await case.send(PLENTY) == SECONDS(40.6)


# How many are left


@in_virtual_time
async def test_how_many_may_be_sent_can_be_asked(case: Case) -> None:
    """By the own log while nothing is known, then by the tightest limit, less what is under way; never below none."""
    assert case.budget.remaining() == 1080
    await case.send({"ratelimit": '"default";r=5000;t=100'})
    assert case.budget.remaining() == 4500
    policy = '"default";q=1200, "burst";q=50'
    await case.send({"ratelimit": '"default";r=800;t=100, "burst";r=50;t=100', "ratelimit-policy": policy})
    assert case.budget.remaining() == 45
    await case.budget.acquire(is_retry=False)
    assert case.budget.remaining() == 44
    await case.send(told(0, 100))
    assert case.budget.remaining() == 0


@in_virtual_time
async def test_what_may_be_sent_of_an_ended_window_is_nobodys_question(case: Case) -> None:
    """The own log tells again, of what was sent in 300 s."""
    await case.send(told(0, 20))
    await asyncio.sleep(21)
    assert case.budget.remaining() == 1079


@in_virtual_time
async def test_no_more_than_the_stated_rate_may_be_sent() -> None:
    """Also where the headers allow more, or less."""
    case = Case(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send(PLENTY)
    assert case.budget.remaining() == 9
    await case.send(told(4, 1000, quota=4))
    assert case.budget.remaining() == 4
