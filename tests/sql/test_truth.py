"""Minutes compared with exact fractions: random sessions, observed at odd instants, in time zones with odd days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.store.database import open_database
from tests.sql.placing import PlacedSession
from tests.sql.rows import EVER, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Havana",
    "America/Santiago",
    "Australia/Lord_Howe",
]
# Hours before clocks are put forward or back in one of the zones.
BEGINNINGS = [
    datetime(2026, *day, 6, tzinfo=UTC) for day in ((3, 7), (3, 28), (4, 4), (9, 5), (10, 3), (10, 24), (10, 31))
]
BY_BUCKET = """
select session_id, bucket, sum(minutes)
from minutes_between(cast($since as timestamptz), cast($until as timestamptz), $tz, $unit, $finals)
group by all
"""
# Weights are whole microseconds, and running totals are rounded to a millionth of a minute.
TOLERANCE = Fraction(3, 10**6)
FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def shared_usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    """A database that examples empty and fill again."""
    folder = tmp_path_factory.mktemp("truth")
    with open_database(folder / "usage.duckdb") as connection:
        yield Usage(connection, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A session as it is reported.

    Its readings are (instant, ten-thousandths of a minute, participants), and its end, if known, is (instant, total).
    """

    started_at: datetime
    readings: list[tuple[datetime, int, int]]
    end: tuple[datetime, int] | None

    def placed(self, *, finals: bool) -> PlacedSession | None:
        """Return the session as the reports should place it, or None if nothing is known of it."""
        end = self.end if finals else None
        if end is None and not self.readings:
            return None
        ended_at, units = end or self.readings[-1][:2]
        return PlacedSession(
            started_at=self.started_at,
            ended_at=ended_at,
            minutes=Fraction(units, 10_000),
            readings=[(at, participants) for at, _, participants in self.readings],
        )


def local_days(first: datetime, last: datetime, tz: str) -> list[tuple[datetime, datetime, datetime]]:
    """List the local days from one instant to another, with the instants at which they start and end."""
    zone = ZoneInfo(tz)
    day = datetime.combine(first.astimezone(zone).date(), time())
    days = []
    while day <= last.astimezone(zone).replace(tzinfo=None):
        edges = [local.replace(tzinfo=zone).astimezone(UTC) for local in (day, day + timedelta(days=1))]
        days.append((day, edges[0], edges[1]))
        day += timedelta(days=1)
    return days


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a session that is observed now and then, does not shrink, and perhaps has final figures."""
    at = started_at = draw(st.sampled_from(BEGINNINGS)) + timedelta(seconds=draw(st.integers(0, 100_000)))
    units, readings = 0, []
    for gap in draw(st.lists(st.sampled_from([1, 300, 300, 300, 1_800, 33_333, 90_000]), max_size=9)):
        at += timedelta(seconds=gap, microseconds=draw(st.integers(0, 999_999)))
        units += draw(st.integers(0, 50_000))
        readings.append((at, units, draw(st.integers(0, 5))))
    end = draw(st.none() | st.tuples(st.integers(-2_000, 40_000), st.integers(0, 50_000)))
    ended = (max(at + timedelta(seconds=end[0]), started_at), units + end[1]) if end else None
    return Life(started_at=started_at, readings=readings, end=ended)


@given(
    sessions=st.lists(lives(), min_size=1, max_size=4),
    parameters=st.fixed_dictionaries(
        {"tz": st.sampled_from(ZONES), "unit": st.sampled_from(["day", "hour"]), "finals": st.booleans()}
    ),
    data=st.data(),
)
@FEW
def test_minutes_are_placed_where_the_participants_were(
    shared_usage: Usage, sessions: list[Life], parameters: dict[str, Any], data: st.DataObject
) -> None:
    """Days are right to a few millionths of a minute. They add up to totals exactly, and so do periods that meet."""
    shared_usage.clear()
    for number, life in enumerate(sessions):
        fill(shared_usage, f"s{number}", life)
    lives_by_name = {f"s{number}": life.placed(finals=parameters["finals"]) for number, life in enumerate(sessions)}
    placed = {name: session for name, session in lives_by_name.items() if session}
    whole = by_bucket(shared_usage, parameters, *EVER)
    assert summed(whole) == {name: session.minutes for name, session in placed.items()}
    if parameters["unit"] == "day":
        assert_days(whole, placed, parameters["tz"])
    instants = [at for session in placed.values() for at in (session.started_at, session.ended_at)]
    cut = data.draw(st.sampled_from(instants or BEGINNINGS))
    cut += timedelta(seconds=data.draw(st.sampled_from([-3_600, 0, 0, 1, 777, 50_000])))
    halves = [(EVER[0], str(cut)), (str(cut), EVER[1])]
    parts = [by_bucket(shared_usage, parameters, *half) for half in halves]
    assert whole.keys() == parts[0].keys() | parts[1].keys()
    for name_and_bucket, minutes in whole.items():
        assert sum(part.get(name_and_bucket, Fraction(0)) for part in parts) == minutes


def assert_days(whole: dict[tuple[str, datetime], Fraction], placed: dict[str, PlacedSession], tz: str) -> None:
    """Compare each local day of each session with the day's exact part."""
    for name, session in placed.items():
        for day, starts_at, ends_at in local_days(session.started_at, session.ended_at, tz):
            expected = session.minutes_between(starts_at, ends_at)
            assert abs(whole.get((name, day), Fraction(0)) - expected) <= TOLERANCE, (name, day)


def fill(shared_usage: Usage, name: str, life: Life) -> None:
    """Insert the readings of a session."""
    for at, units, participants in life.readings:
        shared_usage.observed(at, units / 10_000, name, started_at=life.started_at, live_participants=participants)
    if life.end:
        shared_usage.final(life.end[0], life.end[1] / 10_000, name, started_at=life.started_at)


def by_bucket(
    shared_usage: Usage, parameters: dict[str, Any], since: str, until: str
) -> dict[tuple[str, datetime], Fraction]:
    """Return the minutes by session and local day or hour."""
    rows = shared_usage.ask(BY_BUCKET, since=since, until=until, **parameters)
    return {(name, bucket): Fraction(minutes) for name, bucket, minutes in rows}


def summed(buckets: dict[tuple[str, datetime], Fraction]) -> dict[str, Fraction]:
    """Return the minutes by session."""
    totals: dict[str, Fraction] = {}
    for (name, _), minutes in buckets.items():
        totals[name] = totals.get(name, Fraction(0)) + minutes
    return totals
