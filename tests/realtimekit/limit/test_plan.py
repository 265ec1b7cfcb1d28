from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from etl.cli.types import Duration
from etl.realtimekit.limit.plan import in_words, make_plan
from etl.settings import ApiSettings, Limits, Rate, SnapshotSettings
from etl.values.fetch import PriorState, Spending
from etl.values.meetings import Meeting, MeetingList

if TYPE_CHECKING:
    from etl.values.fetch import Plan

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = pytest.approx
DAY = 86400


@cache
def meetings(number: int, apps: int = 1) -> MeetingList:
    """Make a list of so many meetings, of so many apps in turn."""
    return MeetingList(meetings=[Meeting(f"app-{one % apps}", f"meeting-{one}") for one in range(number)])


def plan(
    asked: MeetingList | int,
    *,
    limits: Limits | None = None,
    page_size: int = 100,
    now: datetime = NOON,
    known: PriorState | None = None,
    **changes: Any,
) -> Plan:
    """Plan a run at noon."""
    api = ApiSettings(token="token", account_id="account", limits=limits or Limits(), page_size=page_size)  # noqa: S106  # no token of anything
    given: dict[str, Any] = {"api": api, "meetings": None, "app_id": "app", "database": Path("usage.duckdb")}
    asked = meetings(asked) if isinstance(asked, int) else asked
    return make_plan(SnapshotSettings(**(given | changes)), asked, known or PriorState(), now)


def rate(requests: int, seconds: float, reserve: float = 0.0) -> Limits:
    """State a limit."""
    return Limits(stated=Rate(requests=requests, seconds=seconds), reserve=reserve)


# The way


@pytest.mark.parametrize(
    ("number", "via", "why"),
    [
        (0, "meetings", "this slot has everything already"),
        (1, "meetings", "a list for each app would take as many requests"),
        (2, "meetings", "a request each fits into the 1,080 of a window"),
        (1080, "meetings", "a request each fits into the 1,080 of a window"),
        (1081, "list", "a request each would exceed the 1,080 of a window"),
        (50_000, "list", "a request each would exceed the 1,080 of a window"),
    ],
)
def test_a_list_that_fits_a_window_is_asked_meeting_by_meeting(number: int, via: str, why: str) -> None:
    """Another one by the list of what is live."""
    made = plan(number)
    assert (made.via, made.why, made.meetings) == (via, why, number)


def test_what_fits_is_what_the_limit_and_the_reserve_leave() -> None:
    """Not Cloudflare's documented figures, where others are stated."""
    assert plan(90, limits=rate(100, 60, 0.1)).via == "meetings"
    assert plan(91, limits=rate(100, 60, 0.1)).why == "a request each would exceed the 90 of a window"


@pytest.mark.parametrize(("via", "number"), [("list", 1), ("list", 5000), ("meetings", 1), ("meetings", 5000)])
def test_a_way_that_is_asked_for_is_taken(via: str, number: int) -> None:
    """Whether it fits or not."""
    made = plan(number, via=via)
    assert (made.via, made.why) == (via, "as --via says")


def test_a_list_for_each_of_many_apps_saves_nothing() -> None:
    """A meeting each: as many lists as meetings."""
    made = plan(meetings(2000, 2000))
    assert (made.via, made.why) == ("meetings", "a list for each app would take as many requests")
    assert plan(meetings(2000, 1999)).via == "list"


@pytest.mark.parametrize("via", ["auto", "meetings", "list"])
def test_all_meetings_are_had_by_the_list_only(via: str) -> None:
    """Nobody knows their names, nor how many there are."""
    made = plan(MeetingList(meetings=[], all_of="app"), via=via)
    assert (made.via, made.why, made.meetings) == ("list", "all live sessions are wanted", None)


# Requests


def test_a_meeting_takes_a_request() -> None:
    """Live or not."""
    made = plan(700, known=PriorState(live_before=3))
    assert (made.requests, made.most_requests) == (700, 700)


@pytest.mark.parametrize(
    ("live", "requests"),
    [(0, 1), (1, 1), (99, 1), (100, 2), (101, 3), (300, 4), (301, 5), (10_000, 101), (30_000, 301)],
)
def test_a_list_takes_a_request_a_page(live: int, requests: int) -> None:
    """Of what was live lately; of a list of several pages the first is read twice, and a full page may be followed."""
    made = plan(50_000, known=PriorState(live_before=live))
    assert (made.requests, made.most_requests) == (requests, 501)


def test_where_nobody_knows_what_is_live_all_may_be() -> None:
    """Of a list that has a name for each."""
    made = plan(10_000)
    assert (made.requests, made.most_requests) == (101, 101)


def test_of_meetings_without_a_name_one_page_is_expected() -> None:
    """How many there are at most is known to nobody."""
    asked = MeetingList(meetings=[], all_of="app")
    assert (plan(asked).requests, plan(asked).most_requests) == (1, None)
    made = plan(asked, known=PriorState(live_before=250))
    assert (made.requests, made.most_requests) == (4, None)


@pytest.mark.parametrize(("size", "requests"), [(1, 301), (50, 7), (300, 2), (301, 1), (1000, 1)])
def test_the_size_of_a_page_is_the_one_that_is_asked_for(size: int, requests: int) -> None:
    """300 live sessions."""
    assert plan(5000, via="list", page_size=size, known=PriorState(live_before=300)).requests == requests


@pytest.mark.parametrize("via", ["auto", "meetings", "list"])
def test_nothing_to_ask_takes_no_request(via: str) -> None:
    """Every meeting of the slot has an outcome already."""
    made = plan(0, via=via, known=PriorState(live_before=350))
    assert (made.requests, made.most_requests, made.seconds) == (0, 0, 0)


@pytest.mark.parametrize(("apps", "live", "requests"), [(3, 0, 3), (3, 300, 8), (3, 50, 3), (7, 1000, 23)])
def test_every_app_has_a_list_of_its_own(apps: int, live: int, requests: int) -> None:
    """As many as can be: each with a last page that is not full, each with a first page to be read twice."""
    assert plan(meetings(5000, apps), via="list", known=PriorState(live_before=live)).requests == requests


def pages_of(live: int, size: int) -> int:
    """How many requests one list takes: all pages, and where there is more than one, or may be, another."""
    return max(1, -(-live // size)) + (live >= size)


@cache
def most_pages(live: int, size: int, apps: int) -> int:
    """Try every way that live sessions may belong to apps."""
    if apps == 1:
        return pages_of(live, size)
    return max(pages_of(first, size) + most_pages(live - first, size, apps - 1) for first in range(live + 1))


@given(st.integers(0, 40), st.integers(1, 12), st.integers(1, 5))
@settings(deadline=None)
def test_however_live_sessions_belong_to_apps_no_more_requests_are_needed(live: int, size: int, apps: int) -> None:
    """And some way needs as many, or nearly."""
    planned = plan(meetings(5, apps), via="list", page_size=size, known=PriorState(live_before=live)).requests
    assert most_pages(live, size, apps) <= planned <= most_pages(live, size, apps) + apps - 1


# The limit


def test_a_plan_says_what_the_limit_is() -> None:
    """And what of it is not ours."""
    made = plan(1)
    assert (made.quota, made.window_seconds, made.reserved) == (1200, 300, 120)
    made = plan(1, limits=rate(50, 7.5, 0.5))
    assert (made.quota, made.window_seconds, made.reserved) == (50, 7.5, 25)


def test_what_earlier_runs_have_spent_is_said_and_taken_off() -> None:
    """Never below nothing."""
    spent = [Spending(finished_at=NOON - timedelta(seconds=ago), requests=500) for ago in (10, 200, 250)]
    assert (plan(1, known=PriorState(spent=spent[:2])).spent, plan(1, known=PriorState(spent=spent[:2])).remaining) == (
        1000,
        80,
    )
    assert (plan(1, known=PriorState(spent=spent)).spent, plan(1, known=PriorState(spent=spent)).remaining) == (1500, 0)
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
def test_a_run_takes_a_window_for_every_1080_requests(number: int, seconds: float) -> None:
    """And what the rest of them take at 190 a second."""
    assert plan(number, via="meetings").seconds == SECONDS(seconds, abs=1e-3)


def test_a_run_waits_for_what_earlier_runs_have_spent() -> None:
    """All is spent, 100 s ago: 201 s until the first request may leave."""
    known = PriorState(spent=[Spending(finished_at=NOON - timedelta(seconds=100), requests=1080)])
    assert plan(190, known=known).seconds == SECONDS(202, abs=1e-3)
    assert plan(190, known=known, now=NOON + timedelta(seconds=201)).seconds == SECONDS(1)


def test_how_long_a_run_takes_goes_by_what_is_expected() -> None:
    """Not by what would be if all were live."""
    made = plan(50_000, known=PriorState(live_before=300))
    assert made.seconds == SECONDS(4 / 190)


# The warning


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"deadline": timedelta(seconds=302)},
        {"every": timedelta(minutes=10)},
        {"deadline": timedelta(seconds=302), "every": timedelta(minutes=10)},
    ],
)
def test_a_run_that_can_end_in_time_has_no_warning(bounds: dict[str, Any]) -> None:
    """1,100 requests take 301.1 s."""
    assert plan(1100, via="meetings", **bounds).warning is None


def test_a_run_may_take_all_the_time_there_is() -> None:
    """To the instant: 190 requests take a second, a list of one page its 190th part."""
    assert plan(190, deadline=timedelta(seconds=1)).warning is None
    warning = plan(10, via="meetings", deadline=timedelta(microseconds=5264), known=PriorState(live_before=0)).warning
    assert warning is not None
    assert "With --via list" in warning


def test_the_warning_is_the_arithmetic_and_the_flag_that_makes_it_fit() -> None:
    """Word by word."""
    known = PriorState(live_before=300)
    assert plan(10_000, via="meetings", deadline=timedelta(minutes=10), known=known).warning == (
        "the run can't end in time: 10,000 requests at 1,080 in 300 s (1,200 less a reserve of 10%; earlier runs "
        "spent 0 of them) take at least 46m, but --deadline is 10m. With --via list the same meetings take 4 requests"
    )
    assert plan(5000, via="meetings", every=timedelta(seconds=1), limits=rate(50, 60, 0.5)).warning == (
        "the run can't end in time: 5,000 requests at 25 in 60 s (50 less a reserve of 50%; earlier runs spent 0 of "
        "them) take at least 3h21m, but the next slot begins in 1s. It fits with --every 4h"
    )
    bounds: dict[str, Any] = {"deadline": timedelta(seconds=5), "every": timedelta(minutes=5)}
    known = PriorState(spent=[Spending(finished_at=NOON - timedelta(seconds=300), requests=1080)])
    assert plan(meetings(1080, 1080), known=known, **bounds).warning == (
        "the run can't end in time: 1,080 requests at 1,080 in 300 s (1,200 less a reserve of 10%; earlier runs spent "
        "1,080 of them) take at least 7s, but --deadline is 5s. It fits with --deadline 8s"
    )
    assert plan(meetings(2000, 2000), **bounds).warning == (
        "the run can't end in time: 2,000 requests at 1,080 in 300 s (1,200 less a reserve of 10%; earlier runs spent "
        "0 of them) take at least 5m6s, but --deadline is 5s and the next slot begins in 5m. It fits with --deadline "
        "5m37s and --every 10m"
    )
    warning = plan(10_000, via="meetings", deadline=timedelta(minutes=10), known=PriorState(live_before=0)).warning
    assert warning is not None
    assert warning.endswith("With --via list the same meetings take 1 request")


def test_where_nothing_makes_it_fit_the_warning_says_so() -> None:
    """A request an hour, and more of them than a year has hours."""
    warning = plan(meetings(9600, 9600), limits=rate(1, 3600), every=timedelta(hours=1)).warning
    assert warning is not None
    assert warning.endswith("No option makes it fit: take a shorter list, or --via list")


def test_what_is_advised_is_a_tenth_more_than_the_least() -> None:
    """Answers take their time, and windows may end a little later: 1,900 requests at once take 10 s."""
    warning = plan(1900, via="meetings", deadline=timedelta(seconds=1), limits=rate(2000, 300), page_size=1).warning
    assert warning is not None
    assert warning.endswith("It fits with --deadline 11s")


def test_a_request_each_that_would_not_end_in_time_is_no_way() -> None:
    """Where the list would: that is the way then. Where neither does, the usual one is taken, and warned of."""
    case: dict[str, Any] = {"limits": rate(1000, 300), "known": PriorState(live_before=10)}
    made = plan(950, deadline=timedelta(seconds=4), **case)
    assert (made.via, made.why, made.warning) == ("list", "a request each would not end in time", None)
    assert plan(950, deadline=timedelta(seconds=5.1), **case).via == "meetings"
    made = plan(950, deadline=timedelta(milliseconds=1), **case)
    assert made.via == "meetings"
    assert made.warning is not None


def test_the_warning_names_only_the_bounds_that_are_too_near() -> None:
    """The other one needs no change."""
    warning = plan(
        1100, via="meetings", deadline=timedelta(minutes=1), every=timedelta(hours=1), limits=rate(1200, 300, 0.1)
    ).warning
    assert warning is not None
    assert "--every" not in warning
    assert "slot" not in warning


@pytest.mark.parametrize(
    ("minute", "every"),
    [(0, "10m"), (4, "10m"), (5, "15m"), (9, "15m"), (10, "10m"), (15, "15m"), (59, "2h")],
)
def test_the_step_that_fits_leaves_enough_of_the_slot_that_has_begun(minute: int, every: str) -> None:
    """A step of ten minutes is no help five minutes before it ends: 1,100 requests take 300.1 s."""
    now = NOON + timedelta(minutes=minute)
    warning = plan(meetings(1100, 1100), every=timedelta(seconds=30), now=now).warning
    assert warning is not None
    assert warning.endswith(f"It fits with --every {every}")


@pytest.mark.parametrize(("number", "every"), [(25, "2d"), (26, "2d"), (169, "8d"), (7000, "321d")])
def test_a_run_of_days_fits_into_a_step_of_days(number: int, every: str) -> None:
    """A request an hour; days are counted from 1970-01-01 on."""
    since = datetime(1970, 1, 1, tzinfo=UTC)
    made = plan(meetings(number, number), limits=rate(1, 3600), every=timedelta(hours=1), now=since, via="meetings")
    assert made.warning is not None
    assert made.warning.endswith(f"It fits with --every {every}")


FLAGS = re.compile(r"--(deadline|every) (\w+)")


def follow(advice: str) -> dict[str, Any]:
    """Read the flags of a warning's last sentence, as the command line would."""
    if "--via list" in advice:
        return {"via": "list"}
    return {flag: Duration().convert(text, None, None) for flag, text in FLAGS.findall(advice)}


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.tuples(st.integers(1, 60), st.integers(1, 600)),
    st.none() | st.integers(1, 3_000_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds)),
    st.none() | st.integers(1, 3000).map(lambda seconds: timedelta(seconds=seconds)),
    st.sampled_from(["auto", "meetings", "list"]),
    st.none() | st.integers(0, 500),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 80)), max_size=3),
    st.integers(0, 2 * DAY),
)
@settings(deadline=None, max_examples=300)
def test_who_follows_a_warning_is_warned_no_more(  # noqa: PLR0913, PLR0917  # all that a plan goes by
    number: int,
    apps: int,
    limit: tuple[int, int],
    deadline: timedelta | None,
    every: timedelta | None,
    via: str,
    live_before: int | None,
    spent: list[tuple[int, int]],
    later: int,
) -> None:
    """The flags that it names make the run fit, at the same instant; where there is no warning it fits already."""
    now = NOON + timedelta(seconds=later)
    known = PriorState(
        live_before=live_before,
        spent=[Spending(finished_at=now - timedelta(seconds=ago), requests=some) for ago, some in spent],
    )
    bounds: dict[str, Any] = {"deadline": deadline, "every": every, "via": via}
    case: dict[str, Any] = {"limits": rate(*limit), "page_size": 10, "known": known, "now": now}
    asked = meetings(number, apps)
    made = plan(asked, **case, **bounds)
    if made.warning is None:
        assert made.seconds <= min(bound.total_seconds() for bound in (deadline, every, timedelta(days=999)) if bound)
        return
    assume(made.seconds < 300 * DAY)
    advice = made.warning.rpartition(". ")[2]
    assert plan(asked, **case, **(bounds | follow(advice))).warning is None


# Words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (0.2, "1s"),
        (40, "40s"),
        (59.01, "1m"),
        (60, "1m"),
        (90, "1m30s"),
        (599, "9m59s"),
        (599.5, "10m"),
        (600, "10m"),
        (601, "11m"),
        (3600, "1h"),
        (5400, "1h30m"),
        (3601, "1h1m"),
        (86400, "1d"),
        (90000, "1d1h"),
        (86401, "1d1m"),
        (400 * 86400, "400d"),
    ],
)
def test_a_length_of_time_is_said_as_an_option_takes_it(seconds: float, words: str) -> None:
    """Rounded up, to minutes from ten of them on."""
    assert in_words(seconds) == words


@given(st.floats(0.001, 365 * DAY))
def test_what_is_said_of_a_time_is_enough_of_it(seconds: float) -> None:
    """Given back as an option, it is no shorter, and no more than a minute or a second longer."""
    given_back = Duration().convert(in_words(seconds), None, None).total_seconds()
    assert seconds <= given_back < seconds + (60 if seconds > 599 else 1)
