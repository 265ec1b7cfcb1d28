"""Reports on a simulated world, which knows its own figures: observed every five minutes, the midnights included."""

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
    from collections.abc import Callable, Iterator

    from etl.simulator.sessions import Session

FIRST, LAST = date(2026, 10, 24), date(2026, 10, 25)  # in Berlin the second one has 25 hours
BEGINNING = datetime(2026, 10, 24, tzinfo=UTC)
END = BEGINNING + timedelta(days=2)
AFTERWARDS = END + timedelta(days=2)  # all that was under way has ended
STEP = timedelta(minutes=5)
SLOTS = [BEGINNING + number * STEP for number in range(2 * 288 + 1)]

WORLDS = st.builds(
    World,
    seed=st.integers(0, 10**6),
    meetings=st.integers(0, 25),
    live_share=st.sampled_from([0.05, 0.3, 0.9]),
    epoch=st.just(BEGINNING),
    booking=st.just("steady"),
)
FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def shared_usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    """A database that examples empty and fill again."""
    folder = tmp_path_factory.mktemp("simulated")
    with open_database(folder / "usage.duckdb") as connection:
        yield Usage(connection, folder)


@given(world=WORLDS, tz=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"]))
@FEW
def test_reports_agree_with_the_simulated_world(shared_usage: Usage, world: World, tz: str) -> None:
    """Before final figures no day is above the truth, after them every day is the truth to the last digit."""
    shared_usage.clear()
    observe(shared_usage, world)
    truth = world.day_totals(FIRST, LAST, AFTERWARDS)
    for total in truth:
        shared_usage.total(str(total.day), total.minutes, total.sessions, app=world.app_id)
    before = {row["day"]: row for row in shared_usage.report("accuracy", BEGINNING, END)}
    assert all(row["shortfall_minutes"] >= 0 for row in before.values())
    settle(shared_usage, world)
    after = {row["day"]: row for row in shared_usage.report("accuracy", BEGINNING, END)}
    for total in truth:
        row = after[total.day]
        assert float(row["reconciled_minutes"]) == total.minutes
        assert row["snapshot_minutes"] == before[total.day]["snapshot_minutes"]
        assert (row["difference_minutes"], row["unfinished_sessions"]) == (0, 0)
        assert (row["reconciled_sessions"], row["cloudflare_sessions"]) == (total.sessions, total.sessions)
    assert daily(shared_usage, tz) == true_days(world, tz)
    assert participants(shared_usage) == [true_participants(world, slot) for slot in SLOTS[:-1]]


def observe(shared_usage: Usage, world: World) -> None:
    """A snapshot in every slot, of all that is live at that very instant."""
    shared_usage.runs(BEGINNING, END, app=world.app_id, list_id=f"all:{world.app_id}")
    for slot in SLOTS:
        for session in world.sessions(slot, "LIVE"):
            row = {"run_id": "00000000-0000-0000-0000-000000000001", "slot": slot, "observed_at": slot}
            shared_usage.add("session_snapshots", row | stored(session, slot))


def settle(shared_usage: Usage, world: World) -> None:
    """The final figures of all sessions that were under way."""
    for session in world.sessions_between(BEGINNING, END):
        row = {"run_id": "00000000-0000-0000-0000-000000000002", "fetched_at": AFTERWARDS}
        shared_usage.add("session_finals", row | stored(session, AFTERWARDS))


def stored(session: Session, at: datetime) -> dict[str, object]:
    """Return the API's answer about a session at an instant, as a row."""
    key = {"app_id": session.app_id, "meeting_id": session.meeting_id}
    return key | parse_session(session.payload(to_ms(at)))


def daily(shared_usage: Usage, tz: str) -> dict[date, tuple[float, float, float, int]]:
    """By local day the minutes of meetings, of livestreams, of breakout rooms, and the meetings' sessions begun."""
    return {
        row["day"]: (
            float(row["minutes"]),
            float(row["livestream_minutes"]),
            float(row["breakout_minutes"]),
            row["sessions"],
        )
        for row in shared_usage.report("daily", BEGINNING, END, tz=tz)
    }


def true_days(world: World, tz: str) -> dict[date, tuple[float, float, float, int]]:
    """The same from the sessions themselves: what each had at the edges of a day, within the period."""
    days = {}
    sessions = world.sessions_between(BEGINNING, END)
    rooms = [room for session in sessions for room in session.breakout_rooms()]
    for day, slots in by_local_day(tz).items():
        grown = growth_in(slots[0], slots[-1] + STEP)
        begun = sum(one.type == "meeting" and slots[0] <= one.started_at < slots[-1] + STEP for one in sessions)
        meetings = grown([one for one in sessions if one.type == "meeting"])
        streams = grown([one for one in sessions if one.type == "livestream"])
        days[day] = (meetings, streams, grown(rooms), begun)
    return days


def by_local_day(tz: str) -> dict[date, list[datetime]]:
    """The slots of each local day, all of whose midnights are slots."""
    days: dict[date, list[datetime]] = {}
    for slot in SLOTS[:-1]:
        days.setdefault(slot.astimezone(ZoneInfo(tz)).date(), []).append(slot)
    return days


def growth_in(since: datetime, until: datetime) -> Callable[[list[Session]], float]:
    """Return a function that sums the growth of sessions between two instants."""
    return lambda sessions: sum(one.units_between(since, until) for one in sessions) / UNITS_PER_MINUTE


def participants(shared_usage: Usage) -> list[int]:
    """Return the participants in meetings at each slot."""
    return [row["participants"] for row in shared_usage.report("concurrency", BEGINNING, END)]


def true_participants(world: World, slot: datetime) -> int:
    """The same from the sessions themselves."""
    return sum(one.live_participants(slot) for one in world.sessions(slot, "LIVE") if one.type == "meeting")
