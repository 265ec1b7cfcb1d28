from __future__ import annotations

import itertools
import time
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.simulator.clock import to_ms
from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    import random

# Coverage doubles the time of counting thousands of sessions, and other tests run the same code.
pytestmark = pytest.mark.no_cover
LATER = DEFAULT_EPOCH + timedelta(days=3)
DAYS = date(2026, 1, 1), date(2026, 1, 9)

seeds = st.integers(0, 10_000)
instants = st.integers(0, 3 * 86_400_000).map(lambda ms: DEFAULT_EPOCH + timedelta(milliseconds=ms))
few = settings(max_examples=25, deadline=None)


def test_history_begins_on_a_monday() -> None:
    """The epoch is the start of a week, so that weekly reports have whole weeks."""
    assert DEFAULT_EPOCH.isoweekday() == 1


@few
@given(seeds, instants, st.randoms(use_true_random=False))
def test_history_is_a_pure_function_of_seed_and_time(seed: int, at: datetime, order: random.Random) -> None:
    """The same seed and time give the same answer, in any order of questions, whatever was asked before."""
    ids = World(seed=seed, meetings=12).meeting_ids
    straight = {one: World(seed=seed, meetings=12).active_session(one, at) for one in ids}
    shuffled, world = order.sample(ids, len(ids)), World(seed=seed, meetings=12)
    world.sessions(at + timedelta(hours=order.randrange(-9, 9)))
    assert {one: world.active_session(one, at) for one in shuffled} == straight


def test_another_seed_is_another_history() -> None:
    """Neither meetings nor sessions of two seeds have anything in common."""
    one, other = World(seed=1), World(seed=2)
    assert not set(one.meeting_ids) & set(other.meeting_ids)
    assert not {s.id for s in one.sessions(LATER)} & {s.id for s in other.sessions(LATER)}


def test_the_time_zone_of_an_instant_does_not_matter() -> None:
    """The same instant in another time zone gives the same sessions and totals."""
    world, elsewhere = World(), LATER.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert world.sessions(LATER) == world.sessions(elsewhere)
    assert world.day_totals(*DAYS, LATER) == world.day_totals(*DAYS, elsewhere)


@few
@given(seeds, instants, instants)
def test_a_sessions_total_never_falls(seed: int, one: datetime, other: datetime) -> None:
    """Minutes and peak only grow, nobody is present after the end, and live never exceeds the peak."""
    early, late = sorted((one, other))
    for session in World(seed=seed, meetings=6).sessions(early):
        assert 0 <= session.minutes_consumed(early) <= session.minutes_consumed(late)
        assert 1 <= session.max_concurrent_participants(early) <= session.max_concurrent_participants(late)
        assert session.live_participants(late) <= session.max_concurrent_participants(late)
        assert late < session.ended_at or not session.live_participants(late)


@few
@given(seeds, instants)
def test_live_sessions_are_the_active_ones(seed: int, at: datetime) -> None:
    """A LIVE list holds exactly the active sessions of the meetings, with the same figures."""
    world = World(seed=seed, meetings=40)
    active = [session for one in world.meeting_ids if (session := world.active_session(one, at))]
    listed = [session.payload(to_ms(at)) for session in world.sessions(at, "LIVE")]
    assert sorted(active, key=lambda s: s["id"]) == sorted(listed, key=lambda s: s["id"])
    assert all(session["status"] == "LIVE" for session in active)
    ended = {session.id for session in world.sessions(at, "ENDED")}
    assert {s.id for s in world.sessions(at)} - ended == {s["id"] for s in active}


@few
@given(seeds, instants)
def test_day_totals_add_up_to_session_totals(seed: int, at: datetime) -> None:
    """The days of all sessions add up to the sessions' totals exactly, at any instant; booked late, to final totals."""
    world = World(seed=seed, meetings=12, booking="steady")
    days = world.day_totals(*DAYS, at)
    sessions = world.sessions(at)
    assert sum(day.sessions for day in days) == len(sessions)
    assert round(sum(d.minutes for d in days), 4) == round(sum(s.minutes_consumed(at) for s in sessions), 4)
    assert World(seed=seed, meetings=12).day_totals(*DAYS, at) == days


def test_a_session_counts_on_the_day_it_started_and_consumes_on_each() -> None:
    """A session over midnight counts once, and its minutes fall on both days."""
    world, midnight = World(), DEFAULT_EPOCH + timedelta(days=1)
    spanning = world.sessions_between(midnight - timedelta(milliseconds=1), midnight + timedelta(seconds=1))
    assert any(session.started_at < midnight for session in spanning)
    [monday] = world.day_totals(date(2026, 1, 5), date(2026, 1, 5), LATER)
    started = [s for s in world.sessions(LATER) if s.started_at.date() == monday.day]
    touched = world.sessions_between(DEFAULT_EPOCH, midnight)
    units = sum(session.units_between(DEFAULT_EPOCH, midnight) for session in touched)
    assert (monday.sessions, monday.minutes) == (len(started), units / 10_000)


def test_days_to_come_are_empty() -> None:
    """A day after the instant has no sessions and no minutes."""
    [day] = World().day_totals(LATER.date(), LATER.date(), LATER - timedelta(days=1))
    assert (day.sessions, day.minutes) == (0, 0)


def test_a_meeting_has_at_most_one_session_at_a_time() -> None:
    """A meeting's next session starts when the previous one has ended, or later."""
    world = World(live_share=1.0)
    for meeting_id in world.meeting_ids[:20]:
        sessions = world.sessions(LATER, meeting_id=meeting_id)
        assert len(sessions) > 10
        assert all(a.ended_at <= b.started_at for a, b in itertools.pairwise(sessions))


@pytest.mark.parametrize("share", [0, 0.02, 0.3, 0.9, 1])
def test_the_wanted_share_of_meetings_is_live(share: float) -> None:
    """From the first instant on, about the wanted share of meetings is in session."""
    world = World(seed=7, meetings=2000, live_share=share)
    for hours in (0, 1, 30):
        live = len(world.sessions(DEFAULT_EPOCH + timedelta(hours=hours), "LIVE"))
        assert live / 2000 == pytest.approx(share, abs=0.04)


def test_sessions_are_of_every_kind() -> None:
    """Sessions are short and long, of three types, with and without optional fields; some meetings have none."""
    world = World(seed=1, meetings=200)
    sessions = world.sessions(LATER)
    payloads = [session.payload(to_ms(LATER)) for session in sessions]
    minutes = [(session.ended_at - session.started_at) / timedelta(minutes=1) for session in sessions]
    assert 2 <= min(minutes) < 3
    assert 120 < max(minutes) < 240
    assert {one["type"] for one in payloads} == {"meeting", "livestream", "participant"}
    assert sum(one["type"] == "meeting" for one in payloads) > len(payloads) * 0.75
    for field in ("meeting_display_name", "breakout_rooms", "meta", "ended_at"):
        assert {field in one for one in payloads} == {True, False}
    assert {meeting.payload()["status"] for meeting in world.all_meetings} == {"ACTIVE", "INACTIVE"}
    assert {one.id for one in world.all_meetings if not one.is_active}.isdisjoint(s.meeting_id for s in sessions)


def test_a_session_outlives_its_last_participant_by_a_minute() -> None:
    """In its last 60 s a session is LIVE without participants, and its total does not change."""
    session = World().sessions(LATER, "ENDED")[0]
    before = session.ended_at - timedelta(seconds=60, milliseconds=1)
    assert session.live_participants(before) >= 1
    for seconds in (60, 0.001):
        at = session.ended_at - timedelta(seconds=seconds)
        payload = session.payload(to_ms(at))
        assert (payload["status"], payload["live_participants"]) == ("LIVE", 0)
        assert payload["minutes_consumed"] == session.minutes_consumed(session.ended_at)
        assert "ended_at" not in payload
    assert session.payload(to_ms(session.ended_at))["ended_at"][:19] == session.ended_at.isoformat()[:19]


def test_the_first_figures_of_a_session() -> None:
    """At its start one participant is present with 0 minutes; after one minute alone the steady total is 1."""
    session = next(s for s in World(booking="steady").sessions(LATER) if len(s.stays) == 1)
    at = session.started_at
    assert (session.live_participants(at), session.minutes_consumed(at)) == (1, 0)
    assert session.minutes_consumed(at + timedelta(minutes=1)) == 1
    assert session.payload(to_ms(at))["updated_at"] == session.payload(to_ms(at))["created_at"]


def test_breakout_rooms_are_sessions_of_their_own() -> None:
    """A child session lies within its parent, has an ID of its own, and is in no list."""
    world = World(seed=1, meetings=200)
    parents = [session for session in world.sessions(LATER) if session.breakout_rooms()]
    for parent in parents:
        [room] = parent.breakout_rooms()
        assert parent.started_at < room.started_at < room.ended_at <= parent.ended_at
        quarter = (parent.ended_ms - parent.started_ms) // 4
        assert (room.started_ms - parent.started_ms, room.ended_ms - room.started_ms) == (quarter, quarter + 60_000)
        assert room.id != parent.id
        assert room.breakout_rooms() == []
        assert world.session(room.id, LATER) is None
        assert "breakout_rooms" not in parent.payload(room.started_ms - 1)
    meetings = sum(session.type == "meeting" for session in world.sessions(LATER))
    assert {parent.type for parent in parents} == {"meeting"}
    assert 0.07 < len(parents) / meetings < 0.13


def test_ids_have_the_documented_forms() -> None:
    """Session IDs are UUIDs; so are meeting IDs, except for a few V1 room names like abcdef-ghijkl."""
    world = World(seed=1, meetings=300)
    assert all(UUID(session.id).version == 4 for session in world.sessions(LATER))
    rooms = [one for one in world.meeting_ids if len(one) == 13]
    assert 0 < len(rooms) < 60
    assert all(one[6] == "-" and one.replace("-", "").isalpha() for one in rooms)
    assert all(UUID(one).version == 4 for one in world.meeting_ids if one not in rooms)
    assert len(set(world.meeting_ids)) == 300


def test_a_session_is_found_by_its_id_once_it_has_started() -> None:
    """A session that has not started and an unknown ID are not found."""
    world = World()
    session = world.sessions(LATER)[-1]
    found = world.session(session.id, LATER)
    assert found == session.payload(to_ms(LATER))
    assert world.session(session.id, session.started_at - timedelta(milliseconds=1)) is None
    for wrong in (
        "",
        "no-uuid",
        str(UUID(int=0)),
        f"{session.id[:-1]}{'0' if session.id[-1] != '0' else '1'}",
    ):
        assert world.session(wrong, LATER) is None
    other_digits = f"{session.id[:9]}{'0000' if session.id[9:13] != '0000' else '1111'}{session.id[13:]}"
    assert world.session(other_digits, LATER) is None


def test_sessions_are_bounded_by_their_start() -> None:
    """`since` and `until` include the instants they name; an unknown meeting has no sessions."""
    world = World()
    starts = [session.started_at for session in world.sessions(LATER)]
    assert starts == sorted(starts)
    bounded = world.sessions(LATER, since=starts[10], until=starts[20])
    assert [session.started_at for session in bounded] == starts[10:21]
    assert world.sessions(starts[20], since=starts[10], until=LATER) == bounded
    assert world.sessions(LATER, meeting_id="nobody's") == []
    assert world.active_session("nobody's", LATER) is None
    live = world.sessions(LATER, "LIVE")
    assert world.sessions(LATER, "LIVE", since=live[1].started_at) == live[1:]


def test_no_session_is_before_the_history() -> None:
    """The history begins with the sessions under way at the epoch, not earlier."""
    world, before = World(seed=1, meetings=300), DEFAULT_EPOCH - timedelta(days=1)
    assert world.sessions(before) == []
    assert not any(world.active_session(one, before) for one in world.meeting_ids)
    begun = world.sessions(DEFAULT_EPOCH)
    assert len(begun) > len(world.sessions(DEFAULT_EPOCH, "LIVE")) > 60


def test_a_large_world_answers_fast() -> None:
    """The active session of one of 20,000 meetings takes microseconds, because its history is not computed."""
    world = World(seed=1, meetings=20_000)
    ids = world.meeting_ids
    world.active_session(ids[0], LATER)
    begin = time.process_time()
    live = sum(world.active_session(one, LATER) is not None for one in ids[:5000])
    assert (time.process_time() - begin) / 5000 < 0.000_5
    assert live / 5000 == pytest.approx(0.3, abs=0.04)
    begin, in_ten_years = time.process_time(), LATER + timedelta(days=3652)
    assert any(world.active_session(one, in_ten_years) for one in ids[:1000])
    assert (time.process_time() - begin) / 1000 < 0.000_5


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"meetings": -1}, "must be 0 or more"),
        ({"live_share": 1.1}, "live share of 1.1"),
        ({"live_share": float("nan")}, "live share of nan"),
        ({"booking": "late"}, "a booking of late: it must be one of on-leave, steady"),
        ({"epoch": datetime(2026, 1, 5)}, "no time zone"),  # noqa: DTZ001 - that is the point
    ],
)
def test_an_impossible_world_is_refused(options: dict[str, object], problem: str) -> None:
    """Impossible values are refused when the world is made, not when it is used."""
    with pytest.raises(ValueError, match=problem):
        World(**options)  # type: ignore[arg-type]  # the options have different types
