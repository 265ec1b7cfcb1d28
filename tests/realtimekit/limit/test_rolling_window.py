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


def window(limit: int = 3, seconds: float = 60.0, *, at: tuple[float, ...] = ()) -> RollingWindow:
    """Make a window that already holds events at some instants."""
    made = RollingWindow(limit, seconds)
    for instant in at:
        made.record(instant)
    return made


def most_in_a_window(instants: list[float], seconds: float) -> int:
    """Return the most events in any window, which includes its first instant and not its last."""
    return max(sum(first <= one < first + seconds for one in instants) for first in instants)


def test_events_may_happen_up_to_the_limit() -> None:
    """The wait begins when the limit is reached."""
    assert (window().remaining(100), window().wait_seconds(100)) == (3, 0)
    assert (window(at=(100, 100)).remaining(100), window(at=(100, 100)).wait_seconds(100)) == (1, 0)
    assert (window(at=(100, 100, 100)).remaining(100), window(at=(100, 100, 100)).wait_seconds(100)) == (0, 60)


@pytest.mark.parametrize(
    ("now", "free", "wait"), [(120, 0, 40), (159.5, 0, 0.5), (160, 1, 0), (170, 2, 0), (179.5, 2, 0), (180, 3, 0)]
)
def test_an_event_expires_one_window_later(now: float, free: int, wait: float) -> None:
    """Rolling windows have no fixed beginning, so this instant is exact."""
    assert window(at=(100, 110, 120)).remaining(now) == free
    assert window(at=(100, 110, 120)).wait_seconds(now) == wait


@pytest.mark.parametrize(("events", "free", "wait"), [(2, 1, 0), (3, 0, 50), (4, 0, 60), (1000, 0, 60)])
def test_many_events_may_be_recorded_at_once(events: int, free: int, wait: float) -> None:
    """They may be more than the limit allows. The surplus has to expire first."""
    rolling = window()
    rolling.record(90)
    rolling.record(100, events - 1)
    assert (rolling.remaining(100), rolling.wait_seconds(100)) == (free, wait)


def test_after_a_clock_is_set_back_all_events_count_as_of_now() -> None:
    """Nobody knows when they happened, so they count for one more window."""
    rolling = window(at=(1000, 1010, 1020))
    assert (rolling.remaining(500), rolling.wait_seconds(500)) == (0, 60)
    assert (rolling.remaining(559), rolling.remaining(560)) == (0, 3)


def test_after_a_clock_is_set_back_no_event_is_lost() -> None:
    """Events in the future are moved to the present, with all earlier ones."""
    rolling = window(at=(1000, 1010))
    assert rolling.remaining(1005) == 1
    assert rolling.wait_seconds(1005) == 0
    rolling.record(1005)
    assert rolling.wait_seconds(1005) == 60


def test_events_close_together_expire_together() -> None:
    """Events within a thousandth of the window are one entry, because a window may allow a million."""
    rolling = window(10, 1000, at=(0, 0.5, 1.0))
    assert (rolling.remaining(1000.9), rolling.remaining(1001)) == (7, 10)
    rolling = window(10, 1000, at=(0, 0.5, 1.1))
    assert (rolling.remaining(1000.4), rolling.remaining(1000.5), rolling.remaining(1001.1)) == (7, 9, 10)


def test_a_steady_stream_expires_steadily() -> None:
    """Such events don't become one entry, although each is close to the one before."""
    rolling = RollingWindow(100_000, 1000)
    for number in range(20_000):
        rolling.record(number / 10)
    assert 100_000 - rolling.remaining(2000) == SECONDS(10_000, abs=20)


@given(LIMITS, st.lists(INSTANTS, min_size=1, max_size=60))
def test_no_window_has_more_events_than_the_limit(rule: tuple[int, float], asked_at: list[float]) -> None:
    """This holds for any window if every event waits as long as the log says."""
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
def test_a_wait_is_exactly_as_long_as_needed(rule: tuple[int, float], noted_at: list[float], later: float) -> None:
    """The wait ends when the surplus events have expired, within a thousandth of the window."""
    events, seconds = rule
    rolling = window(events, seconds, at=tuple(sorted(noted_at)))
    now = max(noted_at, default=0.0) + later
    counted = sorted(one for one in noted_at if one + seconds > now)
    too_many = len(counted) - events + 1
    expected = counted[too_many - 1] + seconds - now if too_many > 0 else 0.0
    assert expected <= rolling.wait_seconds(now) <= expected + seconds / 1000
    assert (rolling.wait_seconds(now) == 0) == (rolling.remaining(now) > 0)


@given(LIMITS, st.lists(st.tuples(st.integers(-640, 640), st.integers(0, 30)), max_size=30))
def test_waiting_helps_whatever_the_clock_does(rule: tuple[int, float], steps: list[tuple[int, int]]) -> None:
    """No wait is longer than a window, and an event may happen after it."""
    rolling, now = RollingWindow(*rule), 1000.0
    for by, events in steps:
        now += by / 64
        wait = rolling.wait_seconds(now)
        assert 0 <= wait <= rule[1]
        if events:
            now += wait
            assert rolling.remaining(now) > 0
            rolling.record(now, events)


# The log of requests


def test_the_log_has_the_limit_less_the_reserve() -> None:
    """The limit is 1,200 in 300 s unless the user states another."""
    assert request_log(Limits(), []).remaining(NOON.timestamp()) == 1080
    assert request_log(Limits(stated=Rate(requests=10, seconds=60), reserve=0.5), []).remaining(0) == 5


@pytest.mark.parametrize(("window", "kept"), [(1, 1.01), (60, 60.6), (100, 101), (300, 301), (3600, 3601)])
def test_the_log_keeps_requests_slightly_longer_than_a_window(window: float, kept: float) -> None:
    """A hundredth of the window is added, at most one second, because requests may arrive closer together."""
    log = request_log(Limits(stated=Rate(requests=1, seconds=window)), [])
    log.record(0)
    assert log.wait_seconds(0) == SECONDS(kept)


def test_the_log_includes_the_requests_of_earlier_runs() -> None:
    """They may come in any order. They expire one window after the end of their run."""
    spent = [
        Spending(finished_at=NOON - timedelta(seconds=ago), requests=requests)
        for ago, requests in ((100, 300), (299, 80), (200, 500))
    ]
    now = NOON.timestamp()
    log = request_log(Limits(), spent)
    assert [log.remaining(now + later) for later in (0, 2, 101, 201)] == [200, 280, 780, 1080]


def test_requests_of_a_run_in_the_future_count_as_of_now() -> None:
    """The clock was ahead then, and nobody knows by how much."""
    log = request_log(Limits(), [Spending(finished_at=NOON + timedelta(hours=5), requests=1000)])
    assert [log.remaining(NOON.timestamp() + later) for later in (0, 300, 301)] == [80, 80, 1080]


# The time that events need


def one_after_the_other(events: int, rolling: RollingWindow, now: float) -> float:
    """Let events happen one by one, each as soon as it may, and return the time that they took."""
    at = now
    for _ in range(events):
        at += rolling.wait_seconds(at)
        rolling.record(at)
    return at - now


PAST = st.lists(st.tuples(INSTANTS, st.integers(1, 8)), max_size=8).map(sorted)


@given(LIMITS, PAST, st.integers(0, 80), INSTANTS)
def test_the_time_needed_is_that_of_events_one_after_the_other(
    rule: tuple[int, float], past: list[tuple[float, int]], events: int, later: float
) -> None:
    """This holds for any limit and any earlier events."""
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
def test_the_time_needed_is_whole_windows_and_the_rest_at_full_speed(events: int, seconds: float) -> None:
    """10,000 requests need nine whole windows and the time of 280 requests."""
    now = NOON.timestamp()
    assert seconds_needed(events, request_log(Limits(), []), now, events_per_second=190) == SECONDS(seconds, abs=1e-3)


def test_the_time_needed_is_found_although_the_clock_is_coarse() -> None:
    """The window may be shorter than the resolution of a float. Every step moves the time forward."""
    assert 0 < seconds_needed(100, RollingWindow(1, 1e-9), 1e9, events_per_second=math.inf) < 1e-3


def test_the_time_of_a_billion_windows_is_found_at_once() -> None:
    """All windows are alike and are not simulated one by one."""
    expected = SECONDS((10**9 - 1) * 60)
    assert seconds_needed(10**9, RollingWindow(1, 60), NOON.timestamp(), events_per_second=math.inf) == expected
