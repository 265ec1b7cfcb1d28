from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from etl.simulator.clock import SimulatedClock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_the_clock_stands_still_until_it_is_moved() -> None:
    """The clock returns its start until it is moved: by steps in both directions, or to an instant."""
    clock = SimulatedClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(minutes=5)) == clock.now() == NOON + timedelta(minutes=5)
    assert clock.advance(timedelta(minutes=-6)) == NOON - timedelta(minutes=1)
    clock.set(NOON)
    assert clock.now() == NOON


def test_no_step_is_lost_between_threads() -> None:
    """Threads that move it at once move it by the sum of their steps."""
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
    for move in (SimulatedClock, clock.set):
        with pytest.raises(ValueError, match="no time zone"):
            move(NOON.replace(tzinfo=None))
