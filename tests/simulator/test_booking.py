"""The booking of minutes: on leaving or steadily, beside the truth, which is the same in both worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.simulator.clock import MINUTE, to_ms
from etl.simulator.sessions import make_session
from etl.simulator.stays import Stay, count_present, find_peak
from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    from etl.simulator.sessions import Booking, Session

LATE, NIGHT = datetime(2026, 1, 5, 22, tzinfo=UTC), datetime(2026, 1, 6, 2, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 6, tzinfo=UTC)

instants = st.integers(0, 3 * 86_400_000).map(lambda ms: DEFAULT_EPOCH + timedelta(milliseconds=ms))
worlds = st.one_of(
    st.builds(World, seed=st.integers(0, 10_000), meetings=st.just(12)),
    st.builds(
        World,
        seed=st.integers(0, 10_000),
        meetings=st.just(60),
        schedule=st.just("working-hours"),
        live_share=st.just(0.02),
    ),
)
few = settings(max_examples=25, deadline=None, derandomize=True)


def session_of(booking: Booking, stays: list[tuple[datetime, datetime]]) -> Session:
    """Make a session of stays with a booking."""
    return replace(make_session("m", *stays), booking=booking)


def test_on_leaving_a_live_session_shows_nothing_of_who_stays() -> None:
    """Four people stay from 22:00 to 02:00: 0 minutes until 02:00, then 960; 480 truly happened on each day."""
    session = session_of("on-leave", [(LATE, NIGHT)] * 4)
    for at in (LATE, MIDNIGHT, NIGHT - timedelta(milliseconds=1)):
        payload = session.payload(to_ms(at))
        assert (payload["status"], payload["live_participants"], payload["minutes_consumed"]) == ("LIVE", 4, 0)
    assert (session.payload(to_ms(NIGHT))["status"], session.minutes_consumed(NIGHT)) == ("LIVE", 960)
    ended = session.payload(to_ms(NIGHT + timedelta(minutes=1)))
    assert (ended["status"], ended["minutes_consumed"], ended["max_concurrent_participants"]) == ("ENDED", 960, 4)
    assert session.units_between(LATE, MIDNIGHT) == session.units_between(MIDNIGHT, NIGHT) == 480 * 10_000


def test_minutes_are_booked_participant_by_participant() -> None:
    """The total grows by a whole stay when its participant leaves; who comes back is booked twice."""
    hour, quarter = timedelta(hours=1), timedelta(minutes=15)
    stays = [(LATE, LATE + 2 * hour), (LATE + quarter, LATE + hour), (LATE + hour + quarter, LATE + 2 * hour)]
    session = session_of("on-leave", stays)
    readings = [session.minutes_consumed(LATE + number * quarter) for number in range(9)]
    assert readings == [0, 0, 0, 0, 45, 45, 45, 45, 45 + 45 + 120]


def test_steadily_booked_minutes_grow_while_people_are_there() -> None:
    """Four people who stay consume four minutes per minute."""
    session = session_of("steady", [(LATE, NIGHT)] * 4)
    assert session.minutes_consumed(LATE + timedelta(minutes=1)) == 4
    assert session.minutes_consumed(MIDNIGHT) == 480
    assert session.minutes_consumed(NIGHT) == 960


def test_a_world_books_on_leaving_by_default() -> None:
    """In one of the two worlds many live sessions with people in them show 0 minutes, in the other one few."""
    at = DEFAULT_EPOCH + timedelta(days=2)
    default, steady = World(seed=1, meetings=300), World(seed=1, meetings=300, booking="steady")
    zeros = [
        sum(one.minutes_consumed(at) == 0 for one in world.sessions(at, "LIVE") if one.live_participants(at))
        for world in (default, steady)
    ]
    assert zeros[0] > 15
    assert zeros[1] == 0


@few
@given(worlds, instants, instants)
def test_bookings_differ_in_minutes_of_live_sessions_only(late: World, one_at: datetime, other_at: datetime) -> None:
    """Both worlds have the same sessions and the same truth; final totals agree, and late booking is never ahead."""
    steady = replace(late, booking="steady")
    since, until = sorted((one_at, other_at))
    assert late.units_between(since, until) == steady.units_between(since, until)
    for one, other in zip(late.sessions(until), steady.sessions(until), strict=True):
        ours, theirs = one.payload(to_ms(until)), other.payload(to_ms(until))
        assert 0 <= ours["minutes_consumed"] <= theirs["minutes_consumed"]
        assert one.minutes_consumed(one.ended_at) == other.minutes_consumed(other.ended_at)
        if ours["status"] == "LIVE":
            for payload in (ours, theirs):
                payload.pop("minutes_consumed")
                payload.pop("breakout_rooms", None)
        assert ours == theirs


@few
@given(worlds, st.lists(instants, min_size=1, max_size=6))
def test_the_truth_of_periods_adds_up_to_final_totals(world: World, edges: list[datetime]) -> None:
    """Whatever the periods: the truth of all of them is the final total, to the last unit, of session and world."""
    beginning, end = DEFAULT_EPOCH - timedelta(days=1), DEFAULT_EPOCH + timedelta(days=4)
    bounds = [beginning, *sorted(edges), end]
    for session in world.sessions_between(beginning, end - timedelta(hours=5)):
        units = sum(session.units_between(since, until) for since, until in pairwise(bounds))
        assert units / 10_000 == session.minutes_consumed(session.ended_at)
    units = sum(world.units_between(since, until) for since, until in pairwise(bounds))
    assert units == world.units_between(beginning, end)


def test_a_session_was_updated_when_somebody_last_came_or_went() -> None:
    """`updated_at` is the last instant of joining, leaving or ending, that instant included."""
    hour = timedelta(hours=1)
    session = make_session("m", (LATE, NIGHT), (LATE + hour, LATE + 2 * hour))
    changes = [LATE, LATE + hour, LATE + 2 * hour, NIGHT, session.ended_at]
    for change, following in pairwise([*changes, NIGHT + hour]):
        for at in (change, following - timedelta(milliseconds=1)):
            assert datetime.fromisoformat(session.payload(to_ms(at))["updated_at"]) == change


@few
@given(worlds, instants)
def test_the_minutes_of_every_participant_in_every_minute_are_known(world: World, at: datetime) -> None:
    """The truth of each minute is the sum of its participants' time in that minute, to the last unit."""
    for session in world.sessions_between(at, at + timedelta(minutes=1)):
        for minute in range((session.ended_at - session.started_at) // timedelta(minutes=1) + 1):
            since = session.started_at + timedelta(minutes=minute)
            begin_ms, end_ms = to_ms(since), to_ms(since) + MINUTE
            present_ms = [min(stay.left_ms, end_ms) - max(stay.joined_ms, begin_ms) for stay in session.stays]
            exact = sum(max(0, ms) for ms in present_ms) / MINUTE * 10_000
            assert abs(session.units_between(since, since + timedelta(minutes=1)) - exact) < 1


@pytest.mark.parametrize("at_ms", range(-1, 12))
def test_counts_follow_from_the_stays(at_ms: int) -> None:
    """A participant is there from joining up to, not including, leaving; the peak is the most at one time so far."""
    spans = [(0, 4), (0, 4), (2, 4), (4, 10), (4, 10), (5, 5), (6, 7)]
    stays = [Stay(joined, left, number) for number, (joined, left) in enumerate(spans)]
    present = [sum(joined <= moment < left for joined, left in spans) for moment in range(at_ms + 1)]
    assert count_present(stays, at_ms) == (present[-1] if present else 0)
    assert find_peak(stays, at_ms) == max(present, default=0)
