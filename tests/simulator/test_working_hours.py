"""The world of the demo: working hours, weekends, a few heavy meetings and a long tail."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.simulator.clock import to_ms
from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    from datetime import datetime

    from etl.simulator.sessions import Session

# Coverage doubles the time of counting weeks of sessions, and other tests run the same code.
pytestmark = pytest.mark.no_cover
END = DEFAULT_EPOCH + timedelta(days=14)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def office() -> World:
    """A world of 1,000 meetings, about as busy as the demo's."""
    return World(seed=3, meetings=1000, schedule="working-hours", live_share=0.015)


@pytest.fixture(scope="module")
def two_weeks(office: World) -> list[Session]:
    """The sessions of two weeks."""
    return office.sessions_between(DEFAULT_EPOCH, END)


def test_most_sessions_start_in_working_hours(two_weeks: list[Session]) -> None:
    """Nine in ten start from 8 to 18 on weekdays; some, but few, at night and on weekends."""
    starts = [session.started_at for session in two_weeks]
    weekend = sum(at.isoweekday() > 5 for at in starts)
    night = sum(at.hour < 6 or at.hour >= 21 for at in starts)
    working = sum(at.isoweekday() <= 5 and 8 <= (at + 5 * MINUTE).hour < 18 for at in starts)
    assert working / len(starts) > 0.85
    assert 0 < weekend / len(starts) < 0.1
    assert 0 < night / len(starts) < 0.05


def test_sessions_start_about_the_hour_and_the_half_hour(two_weeks: list[Session]) -> None:
    """A start is at most five minutes from an hour or a half hour, more often from an hour, and rarely exact."""
    offsets = [(to_ms(session.started_at) + 300_000) % 1_800_000 - 300_000 for session in two_weeks]
    hours = sum((session.started_at + 5 * MINUTE).minute < 30 for session in two_weeks)
    assert all(-300_000 <= offset < 300_000 for offset in offsets)
    assert len(set(offsets)) > len(offsets) * 0.9
    assert 0.6 < hours / len(two_weeks) < 0.8


def test_a_few_meetings_are_heavy_and_many_are_rare(office: World, two_weeks: list[Session]) -> None:
    """A tenth of the meetings consumes most minutes; the other half little; some have no session at all."""
    units: Counter[str] = Counter(dict.fromkeys(office.meeting_ids, 0))
    for session in two_weeks:
        units[session.meeting_id] += session.units_between(session.started_at, session.ended_at)
    heaviest = [count for _, count in units.most_common()]
    assert sum(heaviest[:100]) > 0.5 * sum(heaviest)
    assert sum(heaviest[500:]) < 0.05 * sum(heaviest)
    unused = [meeting for meeting in office.all_meetings if not meeting.is_active]
    assert 60 < len(unused) < 140
    assert {units[meeting.id] for meeting in unused} == {0}
    assert {meeting.payload()["status"] for meeting in unused} == {"INACTIVE"}


def test_meetings_differ_in_size_and_length(two_weeks: list[Session]) -> None:
    """Sessions have from 1 to more than 40 participants at a time, and last from minutes to hours."""
    peaks = [session.max_concurrent_participants(session.ended_at) for session in two_weeks]
    lengths = [session.ended_at - session.started_at for session in two_weeks]
    assert min(peaks) <= 2
    assert max(peaks) > 40
    assert sorted(peaks)[len(peaks) // 2] < 8
    assert min(lengths) < 10 * MINUTE
    assert 150 * MINUTE < max(lengths) < 240 * MINUTE


def test_most_participants_stay_to_the_end(two_weeks: list[Session]) -> None:
    """Most stays end within the last two minutes of the session; some people leave early, some come back."""
    stays = [(session, stay) for session in two_weeks for stay in session.stays]
    at_the_end = sum(session.ended_ms - stay.left_ms < 180_000 for session, stay in stays)
    assert 0.75 < at_the_end / len(stays) < 0.95
    assert all(stay.joined_ms < stay.left_ms for _, stay in stays)
    host_left_ms = {session.id: stay.left_ms for session, stay in stays if stay.participant == 0}
    assert all(stay.left_ms <= host_left_ms[session.id] for session, stay in stays)


def test_a_participant_who_comes_back_has_left_before(two_weeks: list[Session]) -> None:
    """Some people have two stays in a session; the stays of a person do not overlap."""
    returns = 0
    for session in two_weeks:
        left_ms: dict[int, int] = {}
        for stay in session.stays:
            returns += stay.participant in left_ms
            assert stay.joined_ms >= left_ms.get(stay.participant, 0)
            left_ms[stay.participant] = stay.left_ms
    assert 0 < returns < len(two_weeks)


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02])
def test_the_wanted_share_is_the_average_of_a_week(share: float) -> None:
    """Over a week the average share of meetings in session is about the wanted share."""
    world = World(seed=5, meetings=3000, schedule="working-hours", live_share=share)
    week = DEFAULT_EPOCH + timedelta(days=7)
    seconds = sum(
        (min(session.ended_at, week) - max(session.started_at, DEFAULT_EPOCH)).total_seconds()
        for session in world.sessions_between(DEFAULT_EPOCH, week)
    )
    assert seconds / 7 / 86_400 / 3000 == pytest.approx(share, rel=0.12)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 14 * 1440).map(lambda minute: DEFAULT_EPOCH + minute * MINUTE))
def test_a_meeting_has_at_most_one_session_at_a_time(seed: int, epoch: datetime) -> None:
    """Whatever the seed and the epoch: the sessions of a meeting do not overlap, and the LIVE list has them all."""
    world = World(seed=seed, meetings=40, schedule="working-hours", live_share=0.02, epoch=epoch)
    at = epoch + timedelta(days=2, hours=3)
    by_meeting: dict[str, list[Session]] = {}
    for session in world.sessions(at):
        by_meeting.setdefault(session.meeting_id, []).append(session)
    assert all(a.ended_at <= b.started_at for sessions in by_meeting.values() for a, b in pairwise(sessions))
    active = {payload["id"] for one in world.meeting_ids if (payload := world.active_session(one, at))}
    assert {session.id for session in world.sessions(at, "LIVE")} == active


def test_working_hours_have_a_greatest_share() -> None:
    """A share that working hours cannot hold is refused when the world is made."""
    with pytest.raises(ValueError, match=r"a live share of 0.3: in working hours it is 0.02 at most"):
        World(schedule="working-hours")
