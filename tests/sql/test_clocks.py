"""Slots and starts of wrong clocks: every query costs what is stored, and nobody is live in the future."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import ConfigError
from etl.page.html import render
from etl.page.query import PageOptions, fetch_page_data
from etl.reports.periods import BEGINNING, Period
from etl.store import sql_files
from etl.store.database import open_database
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

STEP = timedelta(minutes=5)
DAY = timedelta(days=1)
LONGEST_GAP = 366 * DAY
QUERIES = [name for kind in ("reports", "checks", "cookbook", "views") for name in sql_files.names(kind)]
MOST_SECONDS = 20.0  # on a busy machine; each query takes less than one
MOST_ROWS = 1_000


@pytest.fixture
def now() -> datetime:
    """The current minute. The clock of these tests is that of the database, which can't be moved."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def take_snapshots(usage: Usage, now: datetime, *, hours: int = 2) -> None:
    """Store a run every five minutes until now, with one session that is live in all of them."""
    usage.runs(now - timedelta(hours=hours), now)
    for number in range(hours * 12 + 1):
        usage.observed(now - number * STEP, 100 - number / 10, started_at=now - DAY)


def take_snapshot_at(usage: Usage, at: datetime) -> None:
    """Store a run whose clock showed this instant, and a session that it observed."""
    usage.run(at)
    usage.observed(at, 5.0, "odd", meeting_id="odd", started_at=at - timedelta(minutes=10))


def observe_session_of(usage: Usage, now: datetime, started_at: datetime) -> None:
    """Store a session with this start in the newest snapshot. The API's dates are from 2000 to 2100."""
    usage.observed(now, 5.0, "odd", meeting_id="odd", started_at=started_at)


WRONG_CLOCKS: dict[str, Callable[[Usage, datetime], None]] = {
    "a run in 1970": lambda usage, _now: take_snapshot_at(usage, BEGINNING + timedelta(minutes=11)),
    "a run in 2000": lambda usage, _now: take_snapshot_at(usage, datetime(2000, 1, 1, tzinfo=UTC)),
    "a run tomorrow": lambda usage, now: take_snapshot_at(usage, now + DAY),
    "a run in 2099": lambda usage, _now: take_snapshot_at(usage, datetime(2099, 1, 1, tzinfo=UTC)),
    "a session since 2000": lambda usage, now: observe_session_of(usage, now, datetime(2000, 1, 1, tzinfo=UTC)),
    "a session of tomorrow": lambda usage, now: observe_session_of(usage, now, now + DAY),
    "a session of 2099": lambda usage, now: observe_session_of(usage, now, datetime(2099, 1, 1, tzinfo=UTC)),
    "a session that ends in 2099": lambda usage, now: usage.final(
        datetime(2099, 1, 1, tzinfo=UTC), 5.0, "odd", started_at=now - DAY, fetched_at=now
    ),
}


@pytest.fixture
def small(usage: Usage) -> Iterator[Usage]:
    """A database whose queries get little memory, and none of the disk."""
    usage.connection.execute("set memory_limit = '300MB'")
    usage.connection.execute("set temp_directory = ''")
    yield usage
    usage.connection.execute("reset memory_limit")


def rows_of(usage: Usage, name: str, now: datetime) -> pl.DataFrame:
    """Return the rows of a query over all time up to now. A query that takes too long is interrupted."""
    view = name.removeprefix("views/")
    sql = f"from {view}" if name.startswith("views/") else sql_files.text(name)
    parameters = {"since": BEGINNING, "until": now + STEP, "tz": "Europe/Berlin", "app_id": None}
    timer = threading.Timer(MOST_SECONDS, usage.connection.interrupt)
    timer.start()
    try:
        return usage.frame(sql, **parameters, prices=str(sql_files.file("prices.csv")))
    finally:
        timer.cancel()


@pytest.mark.parametrize("case", WRONG_CLOCKS)
def test_every_query_costs_what_is_stored(small: Usage, now: datetime, case: str) -> None:
    """One wrong instant is stored, beside two hours of snapshots."""
    take_snapshots(small, now)
    WRONG_CLOCKS[case](small, now)
    heights = {name: rows_of(small, name, now).height for name in QUERIES}
    if case not in {"a session since 2000", "a session that ends in 2099"}:  # they have minutes on all of their days
        assert {name: height for name, height in heights.items() if height > MOST_ROWS} == {}


@pytest.mark.parametrize("days", [30, None])
@pytest.mark.parametrize("case", WRONG_CLOCKS)
def test_the_page_costs_what_is_stored(small: Usage, case: str, now: datetime, days: int | None) -> None:
    """Its charts begin after the last gap of more than 366 days, so a wrong clock does not make it larger."""
    take_snapshots(small, now)
    WRONG_CLOCKS[case](small, now)
    small.write()
    timer = threading.Timer(MOST_SECONDS, small.connection.interrupt)
    timer.start()
    since = now - days * DAY if days else BEGINNING
    options = PageOptions(period=Period(since=since, until=now + STEP, tz="UTC"), title="Usage")
    try:
        data = fetch_page_data(small.connection, Path("usage.duckdb"), options)
        assert len(render(data, options, database="usage.duckdb", made_at=now)) < 150_000
    finally:
        timer.cancel()


@pytest.mark.parametrize("name", ["views/coverage", "views/concurrency", "reports/concurrency", "reports/coverage"])
def test_a_run_in_1970_adds_its_own_slot_and_no_other(usage: Usage, now: datetime, name: str) -> None:
    """All other rows are the ones that there would be without it."""
    take_snapshots(usage, now)
    before = rows_of(usage, name, now)
    take_snapshot_at(usage, BEGINNING)
    after = rows_of(usage, name, now)
    assert after.join(before, on=before.columns, how="anti", nulls_equal=True).height == 1
    assert after.height == before.height + 1


def test_days_in_a_gap_of_more_than_366_days_are_no_rows_of_report_daily(usage: Usage, now: datetime) -> None:
    """The day of 1970 is a row, and the days of today's snapshots are."""
    take_snapshots(usage, now)
    take_snapshot_at(usage, BEGINNING + timedelta(hours=1))
    days = rows_of(usage, "reports/daily", now)["day"].to_list()
    assert days[0].year == 1970
    assert len(days) <= 4  # one of 1970, and at most three days of the zone since the start of the session
    assert {later - earlier for earlier, later in itertools.pairwise(days[1:])} <= {DAY}


def missing_after(usage: Usage, first: datetime, gap: timedelta, every: float = 300) -> int:
    """Count the missing slots between two runs."""
    usage.clear()
    usage.run(first, every=every)
    usage.run(first + gap, every=every)
    sql = "select count(*) from slots_between($since, $until) where not is_loaded"
    ((missing,),) = usage.ask(sql, since=first, until=first + gap)
    return int(missing)


@pytest.mark.parametrize(
    ("gap", "every", "missing"),
    [
        (timedelta(hours=62), 300, 743),  # a weekend, from Friday at 18:00 to Monday at 8:00
        (14 * DAY, 300, 4_031),  # a holiday of two weeks
        (31 * DAY, 300, 8_927),  # an outage of a month
        (31 * DAY, 60, 44_639),
        (31 * DAY, 3600, 743),
        (366 * DAY, 300, 105_407),
        (366 * DAY + STEP, 300, 0),
    ],
)
def test_an_ordinary_gap_is_made_of_missing_slots(usage: Usage, gap: timedelta, every: float, missing: int) -> None:
    """Only in a gap of more than 366 days there was no schedule."""
    assert missing_after(usage, datetime(2024, 6, 7, 18, tzinfo=UTC), gap, every) == missing


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    """One database for all examples of a property."""
    folder = tmp_path_factory.mktemp("clocks")
    with open_database(folder / "usage.duckdb") as connection:
        yield Usage(connection, folder)


@settings(deadline=None, max_examples=60)
@given(
    first=st.datetimes(datetime(1970, 1, 1), datetime(2020, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis wants bounds without a zone
    gap=st.timedeltas(timedelta(seconds=60), 40_000 * DAY),
    every=st.sampled_from([60.0, 300.0, 3600.0, 86400.0]),
)
def test_the_missing_slots_of_any_gap_are_bounded(shared: Usage, first: datetime, gap: timedelta, every: float) -> None:
    """They are the whole steps in the gap, except the last one if a run is less than half a step away from it."""
    first, step = first.replace(microsecond=0), timedelta(seconds=every)
    gap = timedelta(seconds=gap // timedelta(seconds=1))
    in_past = min(first + gap, datetime.now(UTC)) - first
    steps = range(1, in_past // step + 1) if in_past <= LONGEST_GAP else ()
    expected = sum(1 for number in steps if number * step <= in_past - step / 2)
    assert missing_after(shared, first, gap, every) == expected


def test_a_dead_schedule_is_not_expected_for_ever(usage: Usage) -> None:
    """The last run was a year and a day before the period's end, or a day."""
    first = datetime(2020, 1, 1, tzinfo=UTC)
    usage.runs(first, first + STEP)
    sql = "select count(*) from slots_between($since, $until) where not is_loaded"
    assert usage.ask(sql, since=first, until=first + DAY) == [(286,)]
    assert usage.ask(sql, since=first, until=first + 367 * DAY) == [(0,)]


LIVE = "select strftime(slot at time zone 'UTC', '%Y-%m-%d %H:%M') as slot, session_id from live_now order by all"


@pytest.mark.parametrize("ahead", [timedelta(minutes=2), DAY, 400 * DAY])
def test_live_now_ignores_slots_of_the_future(usage: Usage, now: datetime, ahead: timedelta) -> None:
    """The session of the run with the wrong clock is not live, and the session of the newest slot is."""
    take_snapshots(usage, now)
    take_snapshot_at(usage, datetime.now(UTC) + ahead)
    assert usage.ask(LIVE) == [(f"{now:%Y-%m-%d %H:%M}", "s")]


def test_live_now_believes_a_slot_as_soon_as_it_has_come(usage: Usage, now: datetime) -> None:
    """The slot of this second is not in the future."""
    take_snapshots(usage, now - timedelta(minutes=1))  # in the first second of a minute, `now` is this second
    take_snapshot_at(usage, datetime.now(UTC).replace(microsecond=0))
    assert [session for _, session in usage.ask(LIVE)] == ["odd"]


def test_report_live_ignores_slots_of_the_future(usage: Usage, now: datetime) -> None:
    """Also if its period ends in the future."""
    take_snapshots(usage, now)
    take_snapshot_at(usage, now + DAY)
    rows = usage.report("live", now - DAY, now + 365 * DAY)
    assert [(row["slot"], row["session_id"]) for row in rows] == [(now, "s")]


def test_no_slot_is_missing_between_now_and_a_slot_of_the_future(usage: Usage, now: datetime) -> None:
    """The run of tomorrow is a loaded slot. The slots before it have not come yet."""
    take_snapshots(usage, now)
    take_snapshot_at(usage, now + DAY)
    assert usage.ask("select count(*) from coverage where not is_loaded") == [(0,)]


def test_hours_are_averaged_over_the_hours_with_data(usage: Usage) -> None:
    """A run in 1970 does not make the mean of an hour smaller: 12 minutes in each of two weeks, and nothing in 1970."""
    monday = datetime(2026, 10, 5, 10, tzinfo=UTC)
    for week in range(2):
        begin = monday + 7 * week * DAY
        usage.run(begin, every=3600)
        usage.final(begin + timedelta(minutes=30), 12.0, f"s{week}", started_at=begin)
    usage.run(BEGINNING, every=3600)
    hours: list[dict[str, Any]] = usage.report("hours", BEGINNING, monday + 8 * DAY)
    (busy,) = [row for row in hours if row["minutes"]]
    assert (busy["day"], busy["hour"], float(busy["minutes"]), float(busy["mean_minutes"])) == (
        "Monday",
        10,
        24.0,
        12.0,
    )


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), DAY, 400 * DAY])
def test_a_session_that_starts_in_the_future_has_a_duration_of_0(usage: Usage, now: datetime, ahead: timedelta) -> None:
    """In the report as on the page, whether a snapshot or a final shows it. A check names each."""
    for number in range(3):
        usage.run(now - number * STEP)
        usage.observed(now - number * STEP, 3.0, started_at=now + ahead)
    usage.final(now + ahead, 4.0, "f", meeting_id="n", started_at=now + ahead, fetched_at=now)
    parameters = {"since": now - DAY, "until": now + ahead + DAY}
    sessions = usage.report("sessions", **parameters)
    assert {row["session_id"]: row["duration_minutes"] for row in sessions} == {"s": 0.0, "f": 0.0}
    longest = usage.frame(sql_files.text("page/longest_sessions"), **parameters, app_id=None).to_dicts()
    assert {row["session_id"]: row["duration_minutes"] for row in longest} == {"s": 0.0, "f": 0.0}
    named = usage.frame(sql_files.text("checks/session_start_not_in_future"), **parameters, app_id=None)
    assert sorted(named["session_id"]) == ["f", "s", "s", "s"]


def test_a_run_of_tomorrow_does_not_end_the_sessions_that_are_live(usage: Usage, now: datetime) -> None:
    """The cookbook calls a session ended that is not in the last snapshot. The one of tomorrow is not the last yet."""
    take_snapshots(usage, now)
    take_snapshot_at(usage, now + DAY)
    assert rows_of(usage, "cookbook/unfinished_sessions", now).is_empty()


def test_interruptions_are_those_of_an_app_in_a_period(usage: Usage) -> None:
    """One app has a gap of two years between two lists, and the other, a whole app, has ended. A third has no gap."""
    old, new = datetime(2020, 1, 1, 23, 50, tzinfo=UTC), datetime(2022, 1, 1, 0, 10, tzinfo=UTC)
    for at in (old, old + STEP, new, new + STEP):
        usage.run(at, app="gap", meetings=["m"] if at == old else ["n"])
    usage.run(old, list_id="all:ended")
    for year in range(2020, 2023):
        usage.run(datetime(year, 1, 1, tzinfo=UTC), app="yearly", every=None)
    usage.run(old, kind="reconcile", list_id="all:reconciled")
    sql = sql_files.text("read/interruptions")

    def ask(since: datetime, until: datetime, app_id: str | None = None) -> list[tuple[Any, ...]]:
        return usage.ask(sql, since=since, until=until, app_id=app_id)

    end = datetime(2022, 2, 1, tzinfo=UTC)
    gap, ended = ("gap", old + STEP, new), ("ended", old, None)
    assert ask(BEGINNING, end) == [ended, gap]
    assert ask(BEGINNING, end, "gap") == [gap]
    assert ask(new, end) == [ended]
    assert ask(new - STEP, end, "gap") == [gap]
    assert ask(BEGINNING, old + STEP, "gap") == []
    assert ask(BEGINNING, old + LONGEST_GAP, "ended") == []


def render_page(usage: Usage, since: datetime, until: datetime) -> str:
    """Return the page of a period."""
    usage.write()
    options = PageOptions(period=Period(since=since, until=until, tz="UTC"), title="Usage")
    data = fetch_page_data(usage.connection, Path("usage.duckdb"), options)
    return render(data, options, database="usage.duckdb", made_at=until)


def test_the_page_says_what_it_does_not_draw(usage: Usage) -> None:
    """Two runs in 1970, and six years of nothing between others: charts begin after the last of these gaps."""
    for first in (BEGINNING, datetime(2020, 5, 5, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC)):
        usage.runs(first, first + STEP)
    page = render_page(usage, BEGINNING, datetime(2026, 5, 6, tzinfo=UTC))
    assert "4 snapshots before 5 May 2026, 00:00 are counted, but not drawn" in page
    page = render_page(usage, BEGINNING, datetime(2020, 5, 6, tzinfo=UTC))
    assert "2 snapshots before 5 May 2020, 00:00 are counted, but not drawn" in page
    page = render_page(usage, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 6, tzinfo=UTC))
    assert "not drawn" not in page


def test_the_page_of_a_time_before_all_data_is_refused(usage: Usage, now: datetime) -> None:
    """The message has the range of the data."""
    take_snapshots(usage, now)
    with pytest.raises(ConfigError, match=rf"no ended session from 2019-.* holds data from {now:%Y}"):
        render_page(usage, datetime(2019, 1, 1, tzinfo=UTC), datetime(2019, 2, 1, tzinfo=UTC))
