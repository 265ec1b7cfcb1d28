"""Sessions made by hand, alone in a world or beside those of its meetings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from etl.simulator.sessions import make_session
from etl.simulator.world import DEFAULT_EPOCH, DayTotal, World

if TYPE_CHECKING:
    from etl.simulator.clock import SimulatedClock

    from .conftest import Start

LATE, NIGHT = datetime(2026, 1, 5, 22, tzinfo=UTC), datetime(2026, 1, 6, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
FOUR = make_session("night-room", *[(LATE, NIGHT)] * 4)


def test_a_world_may_hold_nothing_but_sessions_made_by_hand(start: Start, clock: SimulatedClock) -> None:
    """Four people from 22:00 to 02:00: every endpoint answers with that session, of the type meeting."""
    caller = start(World(meetings=0, added_sessions=(FOUR,)))
    clock.set(LATE + HOUR)
    [meeting] = caller.data("/meetings")
    assert (meeting["id"], meeting["status"]) == ("night-room", "ACTIVE")
    active = caller.active("night-room").json()["data"]
    assert (active["type"], active["live_participants"], active["minutes_consumed"]) == ("meeting", 4, 0)
    assert active["organization_id"] == caller.world.app_id
    assert caller.data("/sessions", status="LIVE")["sessions"] == [active]
    clock.set(NIGHT + HOUR)
    [ended] = caller.data("/sessions", status="ENDED")["sessions"]
    assert (ended["minutes_consumed"], ended["ended_at"]) == (960, "2026-01-06T02:01:00.000Z")
    assert caller.active("night-room").json()["error"]["message"].startswith("No active session found")
    assert caller.world.session(FOUR.id, NIGHT + HOUR) == ended
    assert caller.world.day_totals(LATE.date(), NIGHT.date(), NIGHT + HOUR) == [
        DayTotal(day=LATE.date(), sessions=1, minutes=480),
        DayTotal(day=NIGHT.date(), sessions=0, minutes=480),
    ]


def test_added_sessions_follow_the_booking_of_their_world() -> None:
    """In a world that books steadily the same session shows 480 minutes at midnight."""
    midnight = LATE + 2 * HOUR
    for booking, minutes in (("steady", 480), ("on-leave", 0)):
        world = World(meetings=0, booking=booking, added_sessions=(FOUR,))  # type: ignore[arg-type] # one of the two
        [live] = world.sessions(midnight, "LIVE")
        assert live.minutes_consumed(midnight) == minutes


def test_added_sessions_stand_beside_those_of_the_world() -> None:
    """They may be longer than four hours, earlier than the epoch, and of a meeting that the world has."""
    plain = World(seed=1, meetings=20)
    known = plain.meeting_ids[0]
    before, later = DEFAULT_EPOCH - 30 * HOUR, DEFAULT_EPOCH + 100 * HOUR
    long, early = make_session("long", (later, later + 30 * HOUR)), make_session(known, (before, before + HOUR))
    world = World(seed=1, meetings=20, added_sessions=(long, early))
    at = later + 29 * HOUR
    assert world.meeting_ids == [*plain.meeting_ids, "long"]
    assert {one.id for one in world.sessions(at)} - {one.id for one in plain.sessions(at)} == {long.id, early.id}
    assert [one.id for one in world.sessions(before + HOUR)] == [early.id]
    assert long.id in {one.id for one in world.sessions_between(at, at + HOUR)}
    for session, then in ((long, at), (early, before)):
        active = world.active_session(session.meeting_id, then)
        assert active is not None
        assert active["id"] == session.id


def test_a_period_includes_its_first_instant_and_not_its_last() -> None:
    """A session that starts at the end of a period, or ended at its beginning, is not under way within it."""
    world = World(meetings=0, added_sessions=(FOUR,))
    instant = timedelta(milliseconds=1)
    assert world.sessions_between(LATE - HOUR, LATE) == []
    assert len(world.sessions_between(LATE - HOUR, LATE + instant)) == 1
    assert len(world.sessions_between(FOUR.ended_at - instant, FOUR.ended_at + HOUR)) == 1
    assert world.sessions_between(FOUR.ended_at, FOUR.ended_at + HOUR) == []
    late_in_the_hour = make_session("m", (LATE - instant, NIGHT))
    assert len(World(meetings=0, added_sessions=(late_in_the_hour,)).sessions(LATE, since=LATE - instant)) == 1


@pytest.mark.parametrize("stays", [[], [(LATE, LATE)], [(LATE, NIGHT), (NIGHT, LATE)]])
def test_a_session_needs_stays_that_end_after_they_begin(stays: list[tuple[datetime, datetime]]) -> None:
    """A session without a stay, or with a stay of no length, is refused when it is made."""
    with pytest.raises(ValueError, match="a session of m needs at least one stay"):
        make_session("m", *stays)
