from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread

import pytest

from etl.simulator.clock import FastClock, SimulatedClock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_the_clock_stands_still_until_it_is_moved() -> None:
    """The clock returns its start until it is moved: by steps in both directions, or to an instant."""
    clock = SimulatedClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(minutes=5)) == clock.now() == NOON + timedelta(minutes=5)
    assert clock.advance(timedelta(minutes=-6)) == NOON - timedelta(minutes=1)
    clock.set(NOON)
    assert clock.now() == NOON


def test_a_fast_clock_runs_on_from_where_it_was_set() -> None:
    """The clock runs `speed` times as fast as time, from its start or from the instant it was set to."""
    clock = FastClock(NOON, speed=3600.0)
    asyncio.run(clock.sleep(36.0))
    assert clock.now() >= NOON + timedelta(seconds=36)
    clock.set(NOON - timedelta(days=1))
    assert NOON - timedelta(days=1) <= clock.now() < NOON


def test_a_fast_clock_does_not_pass_the_present() -> None:
    """It waits for the present, which goes on at the speed of time."""
    clock = FastClock(NOON - timedelta(minutes=10), speed=10_000.0, present=NOON)
    asyncio.run(clock.sleep(1_200.0))
    assert NOON <= clock.now() < NOON + timedelta(seconds=60)
    clock.set(NOON - timedelta(days=1))
    assert clock.now() < NOON - timedelta(hours=20)


def test_no_step_is_lost_between_threads() -> None:
    """Threads that move the clock at the same time move it by the sum of their steps."""
    clock = SimulatedClock(NOON)
    threads = [Thread(target=lambda: [clock.advance(timedelta(seconds=1)) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == NOON + timedelta(seconds=2000)


def test_an_instant_needs_a_time_zone() -> None:
    """A time without a zone is refused."""
    clock = SimulatedClock(NOON)
    for move in (SimulatedClock, clock.set, partial(FastClock, speed=1.0)):
        with pytest.raises(ValueError, match="no time zone"):
            move(NOON.replace(tzinfo=None))
