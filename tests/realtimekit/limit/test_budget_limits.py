from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from etl.settings import Limits, Rate
from etl.values.fetch import Spending
from tests.realtimekit.limit.virtual_time import START, elapsed, in_virtual_time

from .budget_case import NO_LIMITS, PLENTY, SECONDS, BudgetCase, limit_headers


@pytest.fixture
def case() -> BudgetCase:
    """Make a budget that is not used yet."""
    return BudgetCase()


# The start: one request finds out


@pytest.mark.parametrize("answer", [PLENTY, NO_LIMITS, None])
@in_virtual_time
async def test_the_first_request_finds_out_and_the_others_wait_for_its_response(
    case: BudgetCase, answer: dict[str, str] | None
) -> None:
    """The windows are unknown until then. A response without limits ends the wait too, and so does a failure."""
    assert await case.send_all(5, answer, after=0.4) == [0, 0.4, 0.4, 0.4, 0.4]


@in_virtual_time
async def test_a_slow_first_response_delays_the_others_for_half_a_second(case: BudgetCase) -> None:
    """After that they go by our own log. The limits of the response count when it arrives."""
    slow = asyncio.ensure_future(case.send(limit_headers(122, 100), after=5))
    await asyncio.sleep(0)
    assert await case.send_all(2) == [0.5, 0.5]
    case = BudgetCase(limits=Limits(stated=Rate(requests=3, seconds=60), reserve=0))
    assert await case.send_all(4, after=70) == SECONDS([0.5, 1, 1, 61.1])
    await slow


@in_virtual_time
async def test_waiting_for_the_first_response_is_not_a_pause(case: BudgetCase) -> None:
    """This wait is neither counted nor shown."""
    await case.send_all(5, PLENTY, after=0.4)
    assert (case.counts.waited_seconds, case.pauses) == (0, [])


# The remaining requests of the headers


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
async def test_the_remaining_requests_without_the_reserve_may_be_sent(
    left: int, quota: int, reserve: float, passing: int
) -> None:
    """The reserve is a share of the quota, rounded up, and never all of it. A quota of 0 counts as not stated."""
    case = BudgetCase(limits=Limits(reserve=reserve))
    await case.send(limit_headers(left, 100, quota=quota))
    assert await case.count_sent() == passing


@in_virtual_time
async def test_headers_may_allow_more_than_the_documented_limit(case: BudgetCase) -> None:
    """RealtimeKit's own page names 3,500. The headers decide."""
    await case.send(limit_headers(3499, 300, quota=3500))
    await case.send_all(2000, limit_headers(1400, 290, quota=3500))
    assert elapsed() == SECONDS(10.4, abs=0.2)


@pytest.mark.parametrize(("left", "passing"), [(200, 80), (120, 0), (1500, 400)])
@in_virtual_time
async def test_without_a_policy_the_first_reserve_is_a_share_of_the_documented_limit(
    case: BudgetCase, left: int, passing: int
) -> None:
    """Others may have spent most of the window, and a share of what they left would be too small."""
    await case.send(limit_headers(left, 100, quota=None))
    assert await case.count_sent() == passing


@in_virtual_time
async def test_without_a_policy_the_quota_is_what_a_window_begins_with(case: BudgetCase) -> None:
    """The first response reports one request less than the quota: 21 of 201 are reserved."""
    await case.send(limit_headers(0, 10, quota=None))
    await case.send(limit_headers(200, 100, quota=None))
    assert await case.count_sent() == 179


@in_virtual_time
async def test_the_highest_remaining_number_may_arrive_late(case: BudgetCase) -> None:
    """Responses may arrive out of order: 20 of 200 are reserved, and 100 remain."""
    await case.send(limit_headers(0, 10, quota=None))
    await case.send(limit_headers(100, 100, quota=None))
    await case.send(limit_headers(200, 100, quota=None))
    assert await case.count_sent() == 80


@in_virtual_time
async def test_without_a_policy_the_quota_does_not_fall_with_what_remains(case: BudgetCase) -> None:
    """The window began with 201 requests, of which 21 are reserved. A later response says that 60 remain."""
    await case.send(limit_headers(0, 10, quota=None))
    await case.send(limit_headers(200, 100, quota=None))
    await case.send(limit_headers(60, 100, quota=None))
    assert await case.count_sent() == 39


@in_virtual_time
async def test_without_a_policy_the_quota_of_a_new_window_is_its_own(case: BudgetCase) -> None:
    """The window before had 1,200 requests, and this one began with 51, of which 6 are reserved."""
    await case.send(limit_headers(1199, 10, quota=None))
    await asyncio.sleep(20)
    await case.send(limit_headers(50, 100, quota=None))
    assert await case.count_sent() == 44


@in_virtual_time
async def test_without_a_policy_the_quota_may_be_more_than_the_documented_limit(case: BudgetCase) -> None:
    """Of 3,000 requests 300 are reserved."""
    await case.send(limit_headers(3000, 100, quota=None))
    await case.send(limit_headers(350, 100, quota=None))
    assert await case.count_sent() == 50


@in_virtual_time
async def test_requests_in_flight_are_subtracted_until_their_responses_arrive(case: BudgetCase) -> None:
    """The number in another response may or may not include them. Their own responses do."""
    await case.send(limit_headers(140, 100))
    slow = asyncio.gather(*(case.send(limit_headers(125, 95), after=5) for _ in range(15)))
    await asyncio.sleep(1)
    await case.send(limit_headers(125, 99))
    assert await case.count_sent() == 0  # 125 - 15 in flight - 120
    assert await case.count_sent() == 5
    await slow


@in_virtual_time
async def test_the_tightest_of_several_limits_counts(case: BudgetCase) -> None:
    """Each has its own reserve, from the policy of the same name."""
    policy = '"burst";q=100;w=60, "default";q=1200;w=300'
    await case.send({"ratelimit": '"default";r=900;t=200, "burst";r=50;t=30', "ratelimit-policy": policy})
    assert await case.count_sent() == 40
    case = BudgetCase()
    await case.send({"ratelimit": '"default";r=130;t=200, "burst";r=50;t=30', "ratelimit-policy": policy})
    assert await case.count_sent() == 10


@in_virtual_time
async def test_of_several_spent_windows_the_last_to_end_counts(case: BudgetCase) -> None:
    """The other one has ended by then."""
    await case.send({"ratelimit": '"default";r=0;t=200, "burst";r=0;t=30'})
    assert await case.send(PLENTY) == SECONDS(201)


@in_virtual_time
async def test_a_request_for_an_ended_window_respects_the_other_limits(case: BudgetCase) -> None:
    """A short window has ended, but a long one is spent. No request is sent before that ends too."""
    await case.send({"ratelimit": '"default";r=121;t=200, "burst";r=50;t=3', "ratelimit-policy": '"default";q=1200'})
    await case.send({"ratelimit": '"default";r=120;t=194, "burst";r=50;t=3'}, after=6)
    await asyncio.sleep(10)
    assert await case.send(PLENTY) == SECONDS(201)


# Windows


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (limit_headers(0, 40), 41),
        (limit_headers(0, 0), 1),
        (limit_headers(0, 40.5), 41.5),
        ({"ratelimit": '"default";r=0', "ratelimit-policy": '"default";q=9;w=70'}, 71),
        ({"ratelimit": '"default";r=0;t=soon'}, 301),
        (limit_headers(0, 10**8), 3601),
        ({"ratelimit": '"default";r=0', "ratelimit-policy": '"default";w=99999999'}, 3601),
    ],
)
@in_virtual_time
async def test_the_end_of_a_spent_window_is_awaited(case: BudgetCase, answer: dict[str, str], end: float) -> None:
    """The wait is one second longer, because resets are rounded. A missing reset is one window away.

    After one hour a request finds out, because a reset in years may be a mistake.
    """
    await case.send(answer)
    assert await case.send(PLENTY) == SECONDS(end, abs=0.01)
    assert case.counts.waited_seconds == SECONDS(end, abs=0.01)


@in_virtual_time
async def test_after_a_window_one_request_finds_out_and_the_others_wait_for_its_response(case: BudgetCase) -> None:
    """The next window is unknown, and others may have spent it."""
    await case.send(limit_headers(130, 40))
    await asyncio.sleep(50)
    assert await case.send_all(4, limit_headers(1100, 300), after=0.4) == SECONDS([50, 50.4, 50.4, 50.4])


@in_virtual_time
async def test_after_a_spent_window_one_request_finds_out_at_once(case: BudgetCase) -> None:
    """All workers wait for the end of the window, and then for the response to this request."""
    await case.send(limit_headers(0, 40))
    assert await case.send_all(4, limit_headers(1100, 300), after=0.4) == SECONDS([41, 41.4, 41.4, 41.4])


@in_virtual_time
async def test_after_a_window_a_slow_response_delays_the_others_for_half_a_second(case: BudgetCase) -> None:
    """The window that has ended does not stop them either."""
    await case.send(limit_headers(130, 40))
    await asyncio.sleep(50)
    slow = asyncio.ensure_future(case.send(limit_headers(1100, 300), after=5))
    await asyncio.sleep(0)
    assert await case.send_all(3) == SECONDS([50.5] * 3)
    await slow


@in_virtual_time
async def test_a_limit_that_is_no_longer_reported_ends_with_its_window(case: BudgetCase) -> None:
    """No further requests are spent to find out about it."""
    await case.send({"ratelimit": '"default";r=900;t=200, "burst";r=50;t=3'})
    await asyncio.sleep(10)
    await case.send(limit_headers(900, 190))
    assert await case.send_all(3, limit_headers(900, 190), after=0.4) == SECONDS([10] * 3)


@in_virtual_time
async def test_after_a_window_a_request_in_flight_finds_out_about_the_next(case: BudgetCase) -> None:
    """No other request is sent until its response arrives, because it may count in the next window."""
    await case.send(limit_headers(130, 40))
    late = asyncio.ensure_future(case.send(limit_headers(120, 1), after=50.4))
    await asyncio.sleep(50)
    assert await case.send(PLENTY) == SECONDS(50.4)
    await late


@in_virtual_time
async def test_the_remaining_requests_end_with_their_window(case: BudgetCase) -> None:
    """The next response counts, even if it arrives soon after."""
    await case.send(limit_headers(0, 40))
    await case.send(limit_headers(160, 299))
    assert await case.count_sent() == 40


@in_virtual_time
async def test_windows_may_be_as_short_as_a_second(case: BudgetCase) -> None:
    """A request that waited for the end of one window counts in the next."""
    await case.send(limit_headers(0, 1))
    await case.send(limit_headers(160, 1))
    assert case.budget.remaining() == 40


@pytest.mark.parametrize(("end", "later", "end_then"), [(100, 2, 100), (100, 0, 98), (100, 1, 99), (100, 0, 102)])
@in_virtual_time
async def test_similar_resets_belong_to_one_window(case: BudgetCase, end: float, later: float, end_then: float) -> None:
    """Resets are whole seconds, so two reports may differ by two. The lowest remaining number counts."""
    await case.send(limit_headers(130, end))
    await asyncio.sleep(later)
    await case.send(limit_headers(125, end_then))
    await case.send(limit_headers(160, end_then))
    assert await case.count_sent() == 5


@in_virtual_time
async def test_a_response_may_report_the_next_window_early(case: BudgetCase) -> None:
    """The end of a window is known only to the second. A request after it counts in the next window."""
    await case.send(limit_headers(121, 40))
    await asyncio.sleep(40.5)
    await case.send(limit_headers(160, 300))
    assert await case.count_sent() == 40


@pytest.mark.parametrize("latency", [0.0, 1.5, 9.0])
@in_virtual_time
async def test_a_late_response_of_an_older_window_is_ignored(case: BudgetCase, latency: float) -> None:
    """Its request was sent before that window ended, and other responses arrived first."""
    await case.send(limit_headers(200, 40))
    await asyncio.sleep(39)
    late = await case.budget.acquire(is_retry=False)
    await asyncio.sleep(1.5)
    await case.send(limit_headers(160, 300))
    await asyncio.sleep(latency)
    case.budget.record_response(late, limit_headers(120, 1))
    assert await case.count_sent() == 40


@pytest.mark.parametrize("latency", [0.0, 5.0])
@in_virtual_time
async def test_a_wrong_reset_is_corrected_by_the_next_response(case: BudgetCase, latency: float) -> None:
    """The request of that response was sent later, so it can't belong to an older window."""
    await case.send(limit_headers(1000, 3000))
    await case.send(limit_headers(125, 100), after=latency)
    assert await case.count_sent() == 5


@pytest.mark.parametrize("lefts", [(150, 148, 149), (148, 149, 150), (149, 150, 148)])
@in_virtual_time
async def test_the_lowest_remaining_number_counts(case: BudgetCase, lefts: tuple[int, ...]) -> None:
    """The response to the last request need not arrive last."""
    for left in lefts:
        await case.send(limit_headers(left, 100))
    assert await case.count_sent() == 28


@pytest.mark.parametrize("ends", [(100, 99, 100), (99, 100, 100), (100, 100, 99)])
@in_virtual_time
async def test_the_earliest_reported_end_counts(case: BudgetCase, ends: tuple[float, ...]) -> None:
    """All reports are about the end of one window, and a slow response makes it look later."""
    for left, end in zip((200, 200, 120), ends, strict=True):
        await case.send(limit_headers(left, end))
    assert await case.send(PLENTY) == SECONDS(100)


@in_virtual_time
async def test_a_reset_that_moves_with_time_is_followed(case: BudgetCase) -> None:
    """A rolling window may always report the same reset. The newest remaining number counts then."""
    for left in (300, 200, 260):
        await case.send(limit_headers(left, 300))
        await asyncio.sleep(5)
    assert await case.count_sent() == 140


@pytest.mark.parametrize("answer", [None, NO_LIMITS, {"ratelimit": "oops"}])
@in_virtual_time
async def test_a_request_without_reported_limits_is_subtracted(case: BudgetCase, answer: dict[str, str] | None) -> None:
    """The API may have counted it: it had no response, or a response without limits."""
    await case.send(limit_headers(130, 100))
    await case.send_all(4, answer)
    assert await case.count_sent() == 6


# Without limits in the responses


@in_virtual_time
async def test_without_headers_the_documented_limit_less_the_reserve_holds(case: BudgetCase) -> None:
    """1,080 requests are sent in 301 s: one second longer, because requests take differently long to arrive."""
    left_at = await case.send_all(1500)
    assert left_at[1079] < 5.7
    assert left_at[1080] == SECONDS(301.2, abs=0.2)
    assert left_at[1499] < 304


@pytest.mark.parametrize(("reserve", "passing"), [(0.0, 10), (0.1, 9), (0.11, 8), (0.9, 1), (0.99, 1)])
@in_virtual_time
async def test_a_stated_rate_takes_the_place_of_the_documented_one(reserve: float, passing: int) -> None:
    """The reserve is subtracted, but one request per window is left. The window is longer by a hundredth."""
    case = BudgetCase(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=reserve))
    left_at = await case.send_all(passing + 1)
    assert left_at == SECONDS([0] * passing + [60.6], abs=0.01)


@in_virtual_time
async def test_a_stated_rate_holds_where_the_headers_allow_more() -> None:
    """The user who states it wants no more requests to be spent."""
    case = BudgetCase(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    assert await case.send_all(11, PLENTY) == SECONDS([0] * 10 + [60.6], abs=0.01)


@in_virtual_time
async def test_the_headers_hold_where_a_stated_rate_would_allow_more() -> None:
    """The tighter of the two limits counts."""
    case = BudgetCase(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send(limit_headers(3, 20, quota=3))
    assert await case.count_sent() == 3
    case = BudgetCase(limits=Limits(stated=Rate(requests=1, seconds=5), reserve=0))
    before = await case.send(limit_headers(0, 20, quota=3))
    assert await case.send() == SECONDS(before + 21)


@pytest.mark.parametrize(("ago", "requests", "passing"), [(200, 1000, 80), (290, 1070, 10), (301, 1000, 400)])
@in_virtual_time
async def test_requests_of_earlier_runs_count(ago: float, requests: int, passing: int) -> None:
    """They count for one window if responses report no limits. A run that ended 301 s ago does not count."""
    case = BudgetCase(
        spent=[
            Spending(finished_at=START - timedelta(seconds=ago), requests=requests - 1),
            Spending(finished_at=START, requests=0),
        ]
    )
    await case.send()
    assert await case.count_sent() == passing


@in_virtual_time
async def test_if_earlier_runs_spent_everything_one_request_finds_out(case: BudgetCase) -> None:
    """The reserve covers it, and its response may report more than the documented limit."""
    case = BudgetCase(spent=[Spending(finished_at=START - timedelta(seconds=100), requests=5000)])
    assert await case.send_all(2, PLENTY) == SECONDS([0, 0])
    case = BudgetCase(spent=[Spending(finished_at=START - timedelta(seconds=100), requests=5000)])
    assert await case.send_all(2, NO_LIMITS) == SECONDS([0, 201])


@in_virtual_time
async def test_without_a_reserve_a_spent_window_is_awaited() -> None:
    """A single request could be refused, and all others with it."""
    case = BudgetCase(
        limits=Limits(reserve=0.0), spent=[Spending(finished_at=START - timedelta(seconds=100), requests=5000)]
    )
    assert await case.send_all(2, PLENTY) == SECONDS([201, 201])


@in_virtual_time
async def test_a_spent_stated_rate_lets_no_request_pass() -> None:
    """The stated rate holds whatever responses would report."""
    rate = Rate(requests=10, seconds=60)
    case = BudgetCase(
        limits=Limits(stated=rate), spent=[Spending(finished_at=START - timedelta(seconds=20), requests=9)]
    )
    assert await case.send(PLENTY) == SECONDS(40.6)


# The remaining requests


@in_virtual_time
async def test_the_budget_reports_the_remaining_requests(case: BudgetCase) -> None:
    """Our own log counts first, then the tightest limit less the requests in flight. The number is never negative."""
    assert case.budget.remaining() == 1080
    await case.send({"ratelimit": '"default";r=5000;t=100'})
    assert case.budget.remaining() == 4500
    policy = '"default";q=1200, "burst";q=50'
    await case.send({"ratelimit": '"default";r=800;t=100, "burst";r=50;t=100', "ratelimit-policy": policy})
    assert case.budget.remaining() == 45
    await case.budget.acquire(is_retry=False)
    assert case.budget.remaining() == 44
    await case.send(limit_headers(0, 100))
    assert case.budget.remaining() == 0


@in_virtual_time
async def test_the_remaining_requests_of_an_ended_window_do_not_count(case: BudgetCase) -> None:
    """Our own log of the last 300 s counts again."""
    await case.send(limit_headers(0, 20))
    await asyncio.sleep(21)
    assert case.budget.remaining() == 1079


@in_virtual_time
async def test_no_more_than_the_stated_rate_remains() -> None:
    """The headers may allow more, or less."""
    case = BudgetCase(limits=Limits(stated=Rate(requests=10, seconds=60), reserve=0))
    await case.send(PLENTY)
    assert case.budget.remaining() == 9
    await case.send(limit_headers(4, 1000, quota=4))
    assert case.budget.remaining() == 4
