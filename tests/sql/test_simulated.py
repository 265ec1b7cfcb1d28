"""Reports on a simulated world, which knows the true minutes of every participant: observed every five minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.normalize.fields import parse_session
from etl.simulator.clock import to_ms
from etl.simulator.stays import UNITS_PER_MINUTE
from etl.simulator.world import World
from etl.store.database import open_database
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from etl.simulator.sessions import Booking, Session

FIRST, LAST = date(2026, 10, 24), date(2026, 10, 25)  # in Berlin the second one has 25 hours
BEGINNING = datetime(2026, 10, 24, tzinfo=UTC)
END = BEGINNING + timedelta(days=2)
AFTERWARDS = END + timedelta(days=2)  # all that was under way has ended
STEP = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
SLOTS = [BEGINNING + number * STEP for number in range(2 * 288 + 1)]

WORLDS = st.builds(
    World,
    seed=st.integers(0, 10**6),
    meetings=st.integers(0, 25),
    live_share=st.sampled_from([0.05, 0.3, 0.9]),
    epoch=st.just(BEGINNING),
    booking=st.sampled_from(["on-leave", "steady"]),
)
SHARE_OF_FAILURES = 0.3
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"]
BY_BUCKET = """
select session_id, bucket, sum(minutes)
from minutes_between(timestamptz '-infinity', timestamptz 'infinity', $tz, $unit)
group by all
"""
FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def shared_usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    """A database that examples empty and fill again."""
    folder = tmp_path_factory.mktemp("simulated")
    with open_database(folder / "usage.duckdb") as connection:
        yield Usage(connection, folder)


@given(world=WORLDS)
@FEW
def test_totals_are_those_of_the_simulated_world(shared_usage: Usage, world: World) -> None:
    """Final totals, sessions and participants are the truth to the last digit. Snapshots alone are a lower bound."""
    shared_usage.clear()
    observe(shared_usage, world)
    sessions = world.sessions_between(BEGINNING, END)
    totals = {session.id: session.minutes_consumed(AFTERWARDS) for session in sessions}
    rooms = [room for session in sessions for room in session.breakout_rooms()]
    totals |= {room.id: room.minutes_consumed(AFTERWARDS) for room in rooms}
    observed = total_minutes(shared_usage)
    assert all(minutes <= totals[session] for session, minutes in observed.items())
    settle(shared_usage, world)
    assert total_minutes(shared_usage) == totals
    assert summed(by_bucket(shared_usage, "day", "UTC")) == pytest.approx(totals, abs=1e-9)
    rows = shared_usage.report("accuracy", BEGINNING, END)
    truth = [total for total in world.day_totals(FIRST, LAST, AFTERWARDS) if total.sessions]
    assert [row["utc_sessions"] for row in rows if row["utc_sessions"]] == [total.sessions for total in truth]
    assert participants(shared_usage) == [true_participants(world, slot) for slot in SLOTS[:-1]]


@given(world=WORLDS, tz=st.sampled_from(ZONES), unit=st.sampled_from(["day", "hour"]))
@FEW
def test_days_and_hours_are_as_right_as_the_distance_of_snapshots_allows(
    shared_usage: Usage, world: World, tz: str, unit: str
) -> None:
    """However minutes are booked, a day or hour of a session is wrong by at most twice the step per participant.

    Each stay of a participant is seen to begin and to end up to a step too early or too late. That changes the presence
    in the day, and it changes the presence of the whole session, by which the total is divided.
    """
    shared_usage.clear()
    observe(shared_usage, world)
    settle(shared_usage, world)
    placed = by_bucket(shared_usage, unit, tz)
    for session in sessions_of(world):
        bound = 2 * STEP / MINUTE * len(session.stays)
        for bucket, since, until in buckets_of(session, unit, tz):
            truth = session.units_between(since, until) / UNITS_PER_MINUTE
            assert abs(placed.get((session.id, bucket), 0.0) - truth) <= bound, (session.id, bucket)


@pytest.mark.parametrize("booking", ["on-leave", "steady"])
@pytest.mark.parametrize(("unit", "share"), [("day", 0.99), ("hour", 0.95)])
def test_snapshots_every_five_minutes_place_nearly_all_minutes_right(
    shared_usage: Usage, booking: Booking, unit: str, share: float
) -> None:
    """99 % of the minutes are in the right day, and 95 % in the right hour."""
    world = World(seed=5, meetings=60, live_share=0.3, epoch=BEGINNING, booking=booking)
    shared_usage.clear()
    observe(shared_usage, world)
    settle(shared_usage, world)
    placed = by_bucket(shared_usage, unit, "UTC")
    misplaced = total = 0.0
    for session in sessions_of(world):
        for bucket, since, until in buckets_of(session, unit, "UTC"):
            truth = session.units_between(since, until) / UNITS_PER_MINUTE
            misplaced += max(truth - placed.get((session.id, bucket), 0.0), 0)
            total += truth
    assert total > 10_000
    assert misplaced <= (1 - share) * total


@pytest.mark.parametrize(("booking", "word"), [("on-leave", "on leaving"), ("steady", "steadily")])
def test_accuracy_says_how_minutes_are_booked(shared_usage: Usage, booking: Booking, word: str) -> None:
    """The totals of live sessions show it: on leaving, they stand still while nobody leaves."""
    shared_usage.clear()
    observe(shared_usage, World(seed=5, meetings=12, live_share=0.5, epoch=BEGINNING, booking=booking))
    rows = shared_usage.report("accuracy", BEGINNING, END)
    assert {row["booking"] for row in rows} == {word}
    assert all(row["stayed_growth_percent"] < 25 for row in rows) == (booking == "on-leave")


@given(world=WORLDS, choices=st.randoms(use_true_random=False))
@settings(FEW, max_examples=5)
def test_sessions_are_live_as_of_the_newest_outcome_of_their_meeting(
    shared_usage: Usage, world: World, choices: Random
) -> None:
    """Two lists take turns, and each meeting may fail. Report live has the truth of each meeting's own newest slot."""
    shared_usage.clear()
    newest: dict[str, set[str]] = {}
    for number, slot in enumerate(SLOTS[:24]):
        meetings = world.meeting_ids[number % 2 :: 2] if number % 5 else world.meeting_ids
        failed = {one for one in meetings if choices.random() < SHARE_OF_FAILURES}
        shared_usage.run(slot, app=world.app_id, meetings=meetings or ["nobody"], failed=sorted(failed))
        live = {one.meeting_id: one for one in world.sessions(slot, "LIVE") if one.meeting_id in {*meetings} - failed}
        for session in live.values():
            row = {"run_id": "00000000-0000-0000-0000-000000000001", "slot": slot, "observed_at": slot}
            shared_usage.add("session_snapshots", row | stored(session, slot))
        newest |= {one: {live[one].id} if one in live else set() for one in meetings if one not in failed}
    rows = shared_usage.report("live", BEGINNING, END)
    assert {row["session_id"] for row in rows} == set().union(*newest.values())
    daily = shared_usage.report("daily", BEGINNING, END)
    assert sum(row["live_sessions"] or 0 for row in daily) == len(rows)


def sessions_of(world: World) -> list[Session]:
    """List the sessions that end before the snapshots do, as what is observed of the others is cut off."""
    sessions = world.sessions_between(BEGINNING, END)
    return [session for session in sessions if session.started_at >= BEGINNING and session.ended_at <= END]


def buckets_of(session: Session, unit: str, tz: str) -> Iterator[tuple[datetime, datetime, datetime]]:
    """Yield each local day or hour of a session, with the instants between which clocks show it."""
    zone = ZoneInfo(tz)
    quarter = timedelta(minutes=15)
    at = session.started_at - (session.started_at - BEGINNING) % quarter
    shown: dict[datetime, list[datetime]] = {}
    while at < session.ended_at:
        local = at.astimezone(zone).replace(tzinfo=None, minute=0)
        shown.setdefault(local if unit == "hour" else local.replace(hour=0), []).append(at)
        at += quarter
    for bucket, quarters in shown.items():
        yield bucket, quarters[0], quarters[-1] + quarter


def by_bucket(shared_usage: Usage, unit: str, tz: str) -> dict[tuple[str, datetime], float]:
    """Return the minutes by session and local day or hour."""
    rows = shared_usage.ask(BY_BUCKET, unit=unit, tz=tz)
    return {(session, bucket): float(minutes) for session, bucket, minutes in rows}


def summed(buckets: dict[tuple[str, datetime], float]) -> dict[str, float]:
    """Return the minutes by session."""
    totals: dict[str, float] = {}
    for (session, _), minutes in buckets.items():
        totals[session] = totals.get(session, 0.0) + minutes
    return totals


def total_minutes(shared_usage: Usage) -> dict[str, float]:
    """Return the total of each session."""
    return {
        session: float(minutes) for session, minutes in shared_usage.ask("select session_id, minutes from sessions")
    }


def observe(shared_usage: Usage, world: World) -> None:
    """Take a snapshot in every slot, of all that is live at that very instant."""
    shared_usage.runs(BEGINNING, END, app=world.app_id, list_id=f"all:{world.app_id}")
    for slot in SLOTS:
        for session in world.sessions(slot, "LIVE"):
            row = {"run_id": "00000000-0000-0000-0000-000000000001", "slot": slot, "observed_at": slot}
            shared_usage.add("session_snapshots", row | stored(session, slot))


def settle(shared_usage: Usage, world: World) -> None:
    """Fetch the final figures of all sessions that were under way."""
    for session in world.sessions_between(BEGINNING, END):
        row = {"run_id": "00000000-0000-0000-0000-000000000002", "fetched_at": AFTERWARDS}
        shared_usage.add("session_finals", row | stored(session, AFTERWARDS))


def stored(session: Session, at: datetime) -> dict[str, object]:
    """Return the API's answer about a session at an instant, as a row."""
    key = {"app_id": session.app_id, "meeting_id": session.meeting_id}
    return key | parse_session(session.payload(to_ms(at)))


def participants(shared_usage: Usage) -> list[int]:
    """Return the participants in meetings at each slot."""
    return [row["participants"] for row in shared_usage.report("concurrency", BEGINNING, END)]


def true_participants(world: World, slot: datetime) -> int:
    """Return the same from the sessions themselves."""
    return sum(one.live_participants(slot) for one in world.sessions(slot, "LIVE") if one.type == "meeting")
