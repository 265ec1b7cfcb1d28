from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.values.fetch import PriorState, Spending, ViaReason

from .plan_case import ALL_MEETINGS, NOON, live, meetings, plan, rate

SECONDS = pytest.approx


# The way: fewer requests


@pytest.mark.parametrize(
    ("number", "live_sessions", "via", "requests", "other_requests"),
    [
        (2, 3, "list", 1, 2),
        (2, 5, "meetings", 2, 2),
        (3, 5, "list", 2, 3),
        (40, 16, "list", 1, 40),
        (5, 350, "meetings", 5, 5),
        (6, 350, "list", 5, 6),
        (1080, 31, "list", 1, 1080),
        (1081, 31, "list", 1, 1081),
        (150, 20_000, "meetings", 150, 202),
        (5000, 600_001, "meetings", 5000, 6002),
        (50_000, 350, "list", 5, 50_000),
    ],
)
def test_the_way_that_costs_fewer_requests_is_taken(
    number: int, live_sessions: int, via: str, requests: int, other_requests: int
) -> None:
    """The list costs what the last count of live sessions says. Equal costs go meeting by meeting."""
    made = plan(number, prior=live(live_sessions))
    assert (made.via, made.reason) == (via, ViaReason.FEWER_REQUESTS)
    assert (made.requests, made.other_requests) == (requests, other_requests)


@given(st.integers(2, 3000), st.integers(0, 5000), st.sampled_from([10, 100]), st.integers(1, 4))
def test_no_other_way_is_expected_to_cost_fewer_requests(
    number: int, live_sessions: int, page_size: int, apps: int
) -> None:
    """This holds for any number of meetings, live sessions and apps."""
    made = plan(meetings(number, apps), page_size=page_size, prior=live(live_sessions))
    assert made.other_requests is not None
    assert made.requests <= made.other_requests
    assert made.via == "meetings" or made.requests < made.other_requests


@pytest.mark.parametrize(
    ("number", "via"),
    [(2, "meetings"), (108, "meetings"), (109, "list"), (1080, "list"), (1081, "list"), (50_000, "list")],
)
def test_without_a_count_of_live_sessions_more_than_a_tenth_of_a_window_goes_by_list(number: int, via: str) -> None:
    """A window allows 1,080 requests. Shorter meeting lists go meeting by meeting."""
    made = plan(number)
    assert (made.via, made.reason, made.meetings) == (via, ViaReason.LIVE_SESSIONS_UNKNOWN, number)


def test_a_window_is_what_the_limit_and_the_reserve_allow() -> None:
    """A stated limit takes the place of the documented one."""
    assert plan(9, limits=rate(100, 60, 0.1)).via == "meetings"
    assert plan(10, limits=rate(100, 60, 0.1)).via == "list"
    assert plan(2, limits=rate(10, 60)).via == "list"


# The way: no choice


@pytest.mark.parametrize("prior", [PriorState(), live(3), live(100_000)])
@pytest.mark.parametrize(("via", "number"), [("list", 1), ("list", 5000), ("meetings", 1), ("meetings", 5000)])
def test_a_requested_way_is_taken(via: str, number: int, prior: PriorState) -> None:
    """The cost does not matter. Only `auto` may fall back to one request per meeting."""
    made = plan(number, via=via, prior=prior)
    assert (made.via, made.reason, made.may_ask_each) == (via, ViaReason.REQUESTED, False)
    assert plan(number, prior=prior).may_ask_each


@pytest.mark.parametrize("prior", [PriorState(), live(0), live(300)])
def test_one_meeting_per_app_goes_meeting_by_meeting(prior: PriorState) -> None:
    """One list per app would cost as many requests."""
    for number in (1, 2000):
        made = plan(meetings(number, number), prior=prior)
        assert (made.via, made.reason) == ("meetings", ViaReason.ONE_MEETING_PER_APP)
    assert plan(meetings(2000, 1999)).via == "list"


@pytest.mark.parametrize("via", ["auto", "meetings", "list"])
def test_all_meetings_are_fetched_by_list(via: str) -> None:
    """Their IDs and their number are unknown."""
    made = plan(ALL_MEETINGS, via=via)
    assert (made.via, made.reason, made.meetings) == ("list", ViaReason.ALL_MEETINGS, None)
    assert made.other_requests is None


@pytest.mark.parametrize("via", ["auto", "meetings", "list"])
def test_a_slot_that_has_every_outcome_takes_no_request(via: str) -> None:
    """All meetings are resolved."""
    made = plan(0, via=via, prior=live(350))
    assert (made.via, made.reason) == ("meetings", ViaReason.NOTHING_TO_FETCH)
    assert (made.requests, made.most_requests, made.other_requests, made.seconds) == (0, 0, None, 0)


# The way: time


def test_the_only_way_that_can_end_in_time_is_taken() -> None:
    """By list where one request per meeting takes too long, and meeting by meeting where the list takes too long."""
    limits = rate(1000, 300)
    made = plan(95, deadline=timedelta(seconds=0.1), limits=limits)
    assert (made.via, made.reason, made.shortages) == ("list", ViaReason.ONLY_WAY_IN_TIME, [])
    assert plan(95, deadline=timedelta(seconds=0.6), limits=limits).via == "meetings"
    made = plan(150, deadline=timedelta(seconds=1), limits=limits, page_size=1)
    assert (made.via, made.reason) == ("list", ViaReason.LIVE_SESSIONS_UNKNOWN)
    made = plan(150, deadline=timedelta(seconds=0.79), limits=limits, page_size=1)
    assert (made.via, made.reason, made.shortages) == ("meetings", ViaReason.ONLY_WAY_IN_TIME, [])


def test_where_no_way_can_end_in_time_the_cheaper_one_is_taken() -> None:
    """The plan says which option is too short."""
    made = plan(950, deadline=timedelta(milliseconds=1), prior=live(10))
    assert (made.via, made.reason) == ("list", ViaReason.FEWER_REQUESTS)
    assert [shortage.option for shortage in made.shortages] == ["deadline"]
    assert not made.is_other_in_time


# Requests


def test_a_meeting_takes_one_request() -> None:
    """Live and idle meetings cost the same."""
    made = plan(700, via="meetings", prior=live(3))
    assert (made.requests, made.most_requests, made.other_requests) == (700, 700, 1)


@pytest.mark.parametrize(
    ("live_sessions", "requests"),
    [
        *[(0, 1), (1, 1), (4, 1), (5, 2), (6, 1), (95, 2), (99, 1), (100, 2)],
        *[(101, 3), (300, 4), (301, 5), (500, 7), (10_000, 102), (30_000, 302), (30_001, 302)],
    ],
)
def test_a_list_takes_one_request_per_page(live_sessions: int, requests: int) -> None:
    """The first of several pages is read twice. A round count is checked against the page behind the last one."""
    made = plan(50_000, prior=live(live_sessions))
    assert (made.requests, made.most_requests) == (requests, 502)


def test_without_a_count_all_listed_meetings_may_be_live() -> None:
    """The expected number of requests is the highest then."""
    made = plan(10_001)
    assert (made.requests, made.most_requests) == (102, 102)


def test_for_all_meetings_one_page_is_expected_without_a_count() -> None:
    """The highest number of requests is unknown."""
    assert (plan(ALL_MEETINGS).requests, plan(ALL_MEETINGS).most_requests) == (1, None)
    made = plan(ALL_MEETINGS, prior=live(251))
    assert (made.requests, made.most_requests) == (4, None)


@pytest.mark.parametrize(("page_size", "requests"), [(1, 302), (50, 7), (299, 3), (300, 2), (301, 2), (1000, 2)])
def test_pages_have_the_size_that_is_requested(page_size: int, requests: int) -> None:
    """300 sessions are live."""
    assert plan(5000, via="list", page_size=page_size, prior=live(300)).requests == requests


@pytest.mark.parametrize(("apps", "live_sessions", "requests"), [(3, 0, 3), (3, 300, 8), (3, 50, 3), (7, 1000, 23)])
def test_every_app_has_its_own_list(apps: int, live_sessions: int, requests: int) -> None:
    """The worst case counts: each list has a last page that is not full and a first page that is read twice."""
    assert plan(meetings(5000, apps), via="list", prior=live(live_sessions)).requests == requests


def pages_of(live_sessions: int, page_size: int) -> int:
    """Return the requests for the pages of one list: one per page, and one more if a first page is full."""
    return max(1, -(-live_sessions // page_size)) + (live_sessions >= page_size)


@cache
def most_pages(live_sessions: int, page_size: int, apps: int) -> int:
    """Try every way in which live sessions may belong to apps."""
    if apps == 1:
        return pages_of(live_sessions, page_size)
    return max(
        pages_of(first, page_size) + most_pages(live_sessions - first, page_size, apps - 1)
        for first in range(live_sessions + 1)
    )


@given(st.integers(0, 40), st.integers(1, 12), st.integers(1, 5))
@settings(deadline=None)
def test_the_pages_of_all_lists_take_no_more_requests_than_planned(
    live_sessions: int, page_size: int, apps: int
) -> None:
    """This holds for every way in which live sessions may belong to apps, and in some way nearly all are needed."""
    made = plan(meetings(5, apps), via="list", page_size=page_size, prior=live(live_sessions))
    most = most_pages(live_sessions, page_size, apps)
    assert most <= made.requests <= most + max(1, apps - 1)


# The limit


def test_a_plan_states_the_limit_and_the_reserve() -> None:
    """They are the documented ones, or those that the user states."""
    made = plan(1)
    assert (made.quota, made.window_seconds, made.reserved, made.usable) == (1200, 300, 120, 1080)
    made = plan(1, limits=rate(50, 7.5, 0.5))
    assert (made.quota, made.window_seconds, made.reserved, made.usable) == (50, 7.5, 25, 25)


def test_requests_of_earlier_runs_are_subtracted() -> None:
    """The remaining number is never negative."""
    spent = [Spending(finished_at=NOON - timedelta(seconds=ago), requests=500) for ago in (10, 200, 250)]
    made = plan(1, prior=PriorState(spent=spent[:2]))
    assert (made.spent, made.remaining) == (1000, 80)
    made = plan(1, prior=PriorState(spent=spent))
    assert (made.spent, made.remaining) == (1500, 0)
    assert (plan(1).spent, plan(1).remaining) == (0, 1080)


@pytest.mark.parametrize(
    ("number", "seconds"),
    [
        (0, 0),
        (190, 1),
        (1080, 1080 / 190),
        (1081, 301 + 1 / 190),
        (10_800, 9 * 301 + 1080 / 190),
        (10_801, 10 * 301 + 1 / 190),
    ],
)
def test_a_run_takes_one_window_per_1080_requests(number: int, seconds: float) -> None:
    """The requests of the last window take their time at 190 per second."""
    assert plan(number, via="meetings").seconds == SECONDS(seconds, abs=1e-3)


def test_a_run_waits_for_the_requests_of_earlier_runs() -> None:
    """All requests were spent 100 s ago, so the first one may be sent in 201 s."""
    spent = [Spending(finished_at=NOON - timedelta(seconds=100), requests=1080)]
    case: dict[str, Any] = {"via": "meetings", "prior": PriorState(spent=spent)}
    assert plan(190, **case).seconds == SECONDS(202, abs=1e-3)
    assert plan(190, **case, now=NOON + timedelta(seconds=201)).seconds == SECONDS(1)


def test_the_time_of_a_run_is_that_of_the_expected_requests() -> None:
    """The time of a run in which all meetings are live does not count."""
    assert plan(50_000, prior=live(300)).seconds == SECONDS(4 / 190)


# Too little time


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"deadline": timedelta(seconds=302)},
        {"every": timedelta(minutes=10)},
        {"deadline": timedelta(seconds=302), "every": timedelta(minutes=10)},
    ],
)
def test_a_run_that_can_end_in_time_has_no_shortage(bounds: dict[str, Any]) -> None:
    """1,100 requests take 301.1 s."""
    assert plan(1100, via="meetings", **bounds).shortages == []


def test_a_run_may_take_all_of_its_time() -> None:
    """190 requests take exactly one second."""
    assert plan(190, via="meetings", deadline=timedelta(seconds=1)).shortages == []
    assert plan(190, via="meetings", deadline=timedelta(seconds=0.99)).shortages != []


def test_a_shortage_states_the_time_left_and_a_sufficient_value() -> None:
    """The value is a tenth longer than needed, because responses take time and windows may end later."""
    made = plan(1900, via="meetings", deadline=timedelta(seconds=1), limits=rate(2000, 300))
    (shortage,) = made.shortages
    assert (shortage.option, shortage.seconds_left) == ("deadline", 1)
    assert shortage.sufficient_seconds == SECONDS(11)


def test_the_other_way_may_end_in_time() -> None:
    """The plan says so, whichever way is requested."""
    made = plan(10, via="meetings", deadline=timedelta(seconds=0.01), prior=live(0))
    assert (made.is_other_in_time, made.other_requests) == (True, 1)
    made = plan(2, via="list", deadline=timedelta(seconds=0.02), prior=live(400))
    assert (made.is_other_in_time, made.requests, made.other_requests) == (True, 5, 2)
    assert not plan(5000, via="meetings", deadline=timedelta(milliseconds=1), prior=live(0)).is_other_in_time


def test_the_options_that_are_long_enough_are_not_named() -> None:
    """They need no change."""
    made = plan(1100, via="meetings", deadline=timedelta(minutes=1), every=timedelta(hours=1))
    assert [shortage.option for shortage in made.shortages] == ["deadline"]
    made = plan(1100, via="meetings", deadline=timedelta(minutes=1), every=timedelta(minutes=5))
    assert [shortage.option for shortage in made.shortages] == ["deadline", "every"]


def sufficient_step(**case: Any) -> timedelta | None:
    """Return the step that the only shortage of a plan suggests."""
    (shortage,) = plan(**case).shortages
    assert shortage.option == "every"
    return None if shortage.sufficient_seconds is None else timedelta(seconds=shortage.sufficient_seconds)


@pytest.mark.parametrize(
    ("minute", "step_minutes"), [(0, 10), (4, 10), (5, 15), (9, 15), (10, 10), (15, 15), (59, 120)]
)
def test_a_sufficient_step_leaves_enough_of_the_slot_that_has_begun(minute: int, step_minutes: int) -> None:
    """Five minutes before a slot ends, a step of ten minutes does not help: 1,100 requests take 300.1 s."""
    now = NOON + timedelta(minutes=minute)
    step = sufficient_step(meeting_list=meetings(1100, 1100), every=timedelta(seconds=30), now=now)
    assert step == timedelta(minutes=step_minutes)


@pytest.mark.parametrize(("number", "days"), [(25, 2), (26, 2), (169, 8), (7000, 321)])
def test_a_run_of_days_fits_into_a_step_of_days(number: int, days: int) -> None:
    """The limit allows one request per hour. Days are counted from 1970-01-01."""
    since = datetime(1970, 1, 1, tzinfo=UTC)
    case: dict[str, Any] = {"limits": rate(1, 3600), "every": timedelta(hours=1), "now": since, "via": "meetings"}
    assert sufficient_step(meeting_list=meetings(number, number), **case) == timedelta(days=days)


def test_no_option_is_sufficient_for_a_run_of_more_than_a_year() -> None:
    """The limit allows one request per hour, and a year has fewer hours."""
    made = sufficient_step(meeting_list=meetings(9600, 9600), limits=rate(1, 3600), every=timedelta(hours=1))
    assert made is None
