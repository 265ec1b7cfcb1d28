from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.realtimekit.limit.rolling_window import RollingWindow, request_log, seconds_needed
from etl.settings import Limits, Rate
from etl.values.fetch import Spending

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = pytest.approx

# The smallest clock here has 64 steps a second, which floats hold exactly.
INSTANTS = st.integers(0, 64 * 20).map(lambda steps: steps / 64)
LIMITS = st.tuples(st.integers(1, 12), st.integers(1, 640).map(lambda steps: steps / 64))


def limit(events: int = 3, seconds: float = 60.0, *, at: tuple[float, ...] = ()) -> RollingWindow:
    """A limit that some events count against."""
    made = RollingWindow(events, seconds)
    for instant in at:
        made.record(instant)
    return made


def most_in_a_window(instants: list[float], seconds: float) -> int:
    """The most events that any window holds: with its first instant, without its last."""
    return max(sum(first <= one < first + seconds for one in instants) for first in instants)


def test_events_are_free_up_to_the_limit() -> None:
    """There is no wait until then."""
    assert (limit().remaining(100), limit().wait_seconds(100)) == (3, 0)
    assert (limit(at=(100, 100)).remaining(100), limit(at=(100, 100)).wait_seconds(100)) == (1, 0)
    assert (limit(at=(100, 100, 100)).remaining(100), limit(at=(100, 100, 100)).wait_seconds(100)) == (0, 60)


@pytest.mark.parametrize(
    ("now", "free", "wait"), [(120, 0, 40), (159.5, 0, 0.5), (160, 1, 0), (170, 2, 0), (179.5, 2, 0), (180, 3, 0)]
)
def test_an_event_is_forgotten_a_window_later(now: float, free: int, wait: float) -> None:
    """To the instant: the windows have no beginning that one could wait for."""
    assert limit(at=(100, 110, 120)).remaining(now) == free
    assert limit(at=(100, 110, 120)).wait_seconds(now) == wait


@pytest.mark.parametrize(("events", "free", "wait"), [(2, 1, 0), (3, 0, 50), (4, 0, 60), (1000, 0, 60)])
def test_many_events_may_be_noted_at_once(events: int, free: int, wait: float) -> None:
    """Also more than the limit allows: what is over it has to leave first."""
    rolling = limit()
    rolling.record(90)
    rolling.record(100, events - 1)
    assert (rolling.remaining(100), rolling.wait_seconds(100)) == (free, wait)


def test_a_clock_set_back_makes_everything_as_late_as_now() -> None:
    """Nobody can say how long ago it was: it counts for another whole window."""
    rolling = limit(at=(1000, 1010, 1020))
    assert (rolling.remaining(500), rolling.wait_seconds(500)) == (0, 60)
    assert (rolling.remaining(559), rolling.remaining(560)) == (0, 3)


def test_a_clock_set_back_forgets_nothing_that_it_need_not() -> None:
    """Only what lies ahead of it is moved, with all that was before."""
    rolling = limit(at=(1000, 1010))
    assert rolling.remaining(1005) == 1
    assert rolling.wait_seconds(1005) == 0
    rolling.record(1005)
    assert rolling.wait_seconds(1005) == 60


def test_events_near_to_each_other_are_forgotten_together() -> None:
    """A window may allow a million: those within a thousandth of it are kept as one, as late as the last."""
    rolling = limit(10, 1000, at=(0, 0.5, 1.0))
    assert (rolling.remaining(1000.9), rolling.remaining(1001)) == (7, 10)
    rolling = limit(10, 1000, at=(0, 0.5, 1.1))
    assert (rolling.remaining(1000.4), rolling.remaining(1000.5), rolling.remaining(1001.1)) == (7, 9, 10)


def test_a_steady_stream_is_forgotten_as_steadily() -> None:
    """It is not kept as one, though each event is near to the one before."""
    rolling = RollingWindow(100_000, 1000)
    for number in range(20_000):
        rolling.record(number / 10)
    assert 100_000 - rolling.remaining(2000) == SECONDS(10_000, abs=20)


@given(LIMITS, st.lists(INSTANTS, min_size=1, max_size=60))
def test_no_window_has_more_events_than_the_limit(rule: tuple[int, float], asked_at: list[float]) -> None:
    """Wherever it begins, and whenever events are asked for, if each waits for as long as it is told."""
    rolling = RollingWindow(*rule)
    now, happened = 0.0, []
    for instant in sorted(asked_at):
        now = max(now, instant)
        now += rolling.wait_seconds(now)
        assert rolling.remaining(now) > 0
        rolling.record(now)
        happened.append(now)
    assert most_in_a_window(happened, rule[1]) <= rule[0]


@given(LIMITS, st.lists(INSTANTS, max_size=40), INSTANTS)
def test_a_wait_is_as_long_as_it_must_be(rule: tuple[int, float], noted_at: list[float], later: float) -> None:
    """Until the latest of so many events as there are too many leaves the window, give or take a thousandth of it."""
    events, seconds = rule
    rolling = limit(events, seconds, at=tuple(sorted(noted_at)))
    now = max(noted_at, default=0.0) + later
    counted = sorted(one for one in noted_at if one + seconds > now)
    too_many = len(counted) - events + 1
    expected = counted[too_many - 1] + seconds - now if too_many > 0 else 0.0
    assert expected <= rolling.wait_seconds(now) <= expected + seconds / 1000
    assert (rolling.wait_seconds(now) == 0) == (rolling.remaining(now) > 0)


@given(LIMITS, st.lists(st.tuples(st.integers(-640, 640), st.integers(0, 30)), max_size=30))
def test_whatever_the_clock_does_waiting_helps(rule: tuple[int, float], steps: list[tuple[int, int]]) -> None:
    """No wait is longer than a window, and after it an event is free."""
    rolling, now = RollingWindow(*rule), 1000.0
    for by, events in steps:
        now += by / 64
        wait = rolling.wait_seconds(now)
        assert 0 <= wait <= rule[1]
        if events:
            now += wait
            assert rolling.remaining(now) > 0
            rolling.record(now, events)


# What earlier runs have spent


def test_the_log_of_a_run_has_the_limit_that_is_ours() -> None:
    """1,200 less a tenth in 300 s, unless stated."""
    assert request_log(Limits(), []).remaining(NOON.timestamp()) == 1080
    assert request_log(Limits(stated=Rate(requests=10, seconds=60), reserve=0.5), []).remaining(0) == 5


@pytest.mark.parametrize(("window", "kept"), [(1, 1.01), (60, 60.6), (100, 101), (300, 301), (3600, 3601)])
def test_the_log_of_a_run_keeps_requests_a_little_longer_than_a_window(window: float, kept: float) -> None:
    """By a hundredth of it, at most a second: they may reach the API nearer to each other than they left."""
    log = request_log(Limits(stated=Rate(requests=1, seconds=window)), [])
    log.record(0)
    assert log.wait_seconds(0) == SECONDS(kept)


def test_what_earlier_runs_have_spent_stands_in_the_log() -> None:
    """In whatever order it is known; each is forgotten a window after its run ended."""
    spent = [
        Spending(finished_at=NOON - timedelta(seconds=ago), requests=requests)
        for ago, requests in ((100, 300), (299, 80), (200, 500))
    ]
    now = NOON.timestamp()
    log = request_log(Limits(), spent)
    assert [log.remaining(now + later) for later in (0, 2, 101, 201)] == [200, 280, 780, 1080]


def test_what_a_run_has_spent_by_a_clock_that_was_ahead_counts_as_spent_now() -> None:
    """Nobody can say when it was."""
    log = request_log(Limits(), [Spending(finished_at=NOON + timedelta(hours=5), requests=1000)])
    assert [log.remaining(NOON.timestamp() + later) for later in (0, 300, 301)] == [80, 80, 1080]


# How long a number of events takes


def one_after_the_other(events: int, rolling: RollingWindow, now: float) -> float:
    """How long events take when each happens as soon as it may: tried one by one."""
    at = now
    for _ in range(events):
        at += rolling.wait_seconds(at)
        rolling.record(at)
    return at - now


PAST = st.lists(st.tuples(INSTANTS, st.integers(1, 8)), max_size=8).map(sorted)


@given(LIMITS, PAST, st.integers(0, 80), INSTANTS)
def test_a_schedule_is_as_long_as_its_events_take_one_after_the_other(
    rule: tuple[int, float], past: list[tuple[float, int]], events: int, later: float
) -> None:
    """Whatever the limit, and whatever has happened before."""
    tried, planned = RollingWindow(*rule), RollingWindow(*rule)
    for instant, number in past:
        tried.record(instant, number)
        planned.record(instant, number)
    now = max((instant for instant, _ in past), default=0.0) + later
    expected = one_after_the_other(events, tried, now)
    assert seconds_needed(events, planned, now, events_per_second=math.inf) == SECONDS(expected)


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        (0, 0),
        (1, 1 / 190),
        (1080, 1080 / 190),
        (1081, 301 + 1 / 190),
        (2160, 301 + 1080 / 190),
        (10_000, 9 * 301 + 280 / 190),
    ],
)
def test_a_schedule_goes_by_windows_and_ends_with_what_the_rest_takes(events: int, seconds: float) -> None:
    """10,000 requests are nine whole windows and 280 requests."""
    now = NOON.timestamp()
    assert seconds_needed(events, request_log(Limits(), []), now, events_per_second=190) == SECONDS(seconds, abs=1e-3)


def test_a_schedule_ends_also_where_the_clock_is_too_coarse() -> None:
    """A window may be shorter than what can be told apart so late: every step takes some time."""
    assert 0 < seconds_needed(100, RollingWindow(1, 1e-9), 1e9, events_per_second=math.inf) < 1e-3


def test_a_schedule_of_a_billion_windows_is_told_at_once() -> None:
    """One is like the other: they are not gone through."""
    expected = SECONDS((10**9 - 1) * 60)
    assert seconds_needed(10**9, RollingWindow(1, 60), NOON.timestamp(), events_per_second=math.inf) == expected
