"""Growth compared with exact fractions: random sessions, observed at odd instants, in time zones with odd days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.store.database import open_database
from tests.sql.rows import EVER, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

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
BY_DAY = """
select session_id, strftime(bucket, '%Y-%m-%d'), sum(minutes)
from growth_between(cast($since as timestamptz), cast($until as timestamptz), $tz, 'day', $finals)
group by all
"""
MILLIONTH = Fraction(1, 10**6)
MICROSECOND = timedelta(microseconds=1)
FEW = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def shared_usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    """A database that examples empty and fill again."""
    folder = tmp_path_factory.mktemp("truth")
    with open_database(folder / "usage.duckdb") as connection:
        yield Usage(connection, folder)


@dataclass(frozen=True)
class Life:
    """A session: its start, its readings as (instant, ten-thousandths of a minute), and its end if it is known."""

    started_at: datetime
    observations: list[tuple[datetime, int]]
    end: tuple[datetime, int] | None

    def points(self, *, finals: bool) -> list[tuple[datetime, int]]:
        """Return the readings of its total in order. An end is not before the last observation."""
        known = [(self.started_at, 0), *self.observations]
        end = [(max(self.end[0], known[-1][0]), self.end[1])] if finals and self.end else []
        return [*known, *end] if self.observations or end else []


def until(points: list[tuple[datetime, int]], instant: datetime) -> Fraction:
    """Return the minutes before an instant. They grow evenly from point to point."""
    units = Fraction(0)
    for (from_at, from_units), (to_at, to_units) in pairwise(points):
        if from_at < instant < to_at:
            passed = Fraction((instant - from_at) // MICROSECOND, (to_at - from_at) // MICROSECOND)
            units = from_units + (to_units - from_units) * passed
        elif to_at < instant or from_at < to_at == instant:
            units = Fraction(to_units)
    return units / 10_000


def midnights(first: datetime, last: datetime, tz: str) -> list[tuple[date, datetime, datetime]]:
    """The local days from one instant to another, with the instants at which they begin and end."""
    zone = ZoneInfo(tz)
    day, days = first.astimezone(zone).date(), []
    while day <= last.astimezone(zone).date():
        edges = [datetime.combine(one, time(), tzinfo=zone).astimezone(UTC) for one in (day, day + timedelta(days=1))]
        days.append((day, edges[0], edges[1]))
        day += timedelta(days=1)
    return days


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a session that is observed now and then, does not shrink, and perhaps has final figures."""
    at = started_at = draw(st.sampled_from(BEGINNINGS)) + timedelta(seconds=draw(st.integers(0, 100_000)))
    units, seen = 0, []
    for gap in draw(st.lists(st.sampled_from([1, 300, 300, 1_800, 33_333, 90_000]), max_size=8)):
        at += timedelta(seconds=gap, microseconds=draw(st.integers(0, 999_999)))
        units += draw(st.integers(0, 50_000))
        seen.append((at, units))
    end = draw(st.none() | st.tuples(st.integers(-2_000, 40_000), st.integers(0, 50_000)))
    return Life(started_at, seen, (max(at + timedelta(seconds=end[0]), started_at), units + end[1]) if end else None)


@given(
    sessions=st.lists(lives(), min_size=1, max_size=4), tz=st.sampled_from(ZONES), finals=st.booleans(), data=st.data()
)
@FEW
def test_days_are_what_even_growth_gives(
    shared_usage: Usage, *, sessions: list[Life], tz: str, finals: bool, data: st.DataObject
) -> None:
    """Each day to a millionth of a minute, all days of a session exactly, and so wherever periods are cut."""
    shared_usage.clear()
    known = {f"s{number}": life.points(finals=finals) for number, life in enumerate(sessions)}
    for name, life in zip(known, sessions, strict=True):
        fill(shared_usage, name, life)
    whole = by_day(shared_usage, tz, finals=finals)
    totals = {name: Fraction(points[-1][1], 10_000) for name, points in known.items() if points}
    assert summed(whole) == totals
    for name, points in known.items():
        for day, begins, ends in midnights(points[0][0], points[-1][0], tz) if points else []:
            expected = until(points, ends) - until(points, begins)
            assert abs(whole.get((name, str(day)), Fraction(0)) - expected) <= MILLIONTH, (name, day)
    cut = data.draw(st.sampled_from([at for points in known.values() for at, _ in points] or BEGINNINGS))
    cut += timedelta(seconds=data.draw(st.sampled_from([0, 0, 1, 777, 50_000])))
    parts = [by_day(shared_usage, tz, *period, finals=finals) for period in [(EVER[0], str(cut)), (str(cut), EVER[1])]]
    for name_and_day, minutes in whole.items():
        assert sum(part.get(name_and_day, Fraction(0)) for part in parts) == minutes


def fill(shared_usage: Usage, name: str, life: Life) -> None:
    """Insert the readings of a session."""
    for at, units in life.observations:
        shared_usage.observed(at, units / 10_000, name, started_at=life.started_at)
    if life.end:
        shared_usage.final(life.end[0], life.end[1] / 10_000, name, started_at=life.started_at)


def by_day(
    shared_usage: Usage, tz: str, since: str = EVER[0], until: str = EVER[1], *, finals: bool
) -> dict[tuple[str, str], Fraction]:
    """The growth by session and local day."""
    rows = shared_usage.ask(BY_DAY, since=since, until=until, tz=tz, finals=finals)
    return {(name, day): Fraction(minutes) for name, day, minutes in rows}


def summed(days: dict[tuple[str, str], Fraction]) -> dict[str, Fraction]:
    """The growth by session."""
    totals: dict[str, Fraction] = {}
    for (name, _), minutes in days.items():
        totals[name] = totals.get(name, Fraction(0)) + minutes
    return totals
