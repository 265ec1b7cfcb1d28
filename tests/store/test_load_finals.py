"""Final figures and totals per day are stored once, and again when they change."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.jobs.prepare import uuid7
from etl.normalize.finals import normalize_finals
from etl.staging.runs import RECONCILIATIONS, Staging
from etl.store import sql_files
from etl.store.load import load_runs
from etl.store.read import run_sql_file
from etl.values.fetch import FetchCounts, Observation
from etl.values.finals import DayTotals, Finals, OpenSession
from etl.values.meetings import Meeting
from etl.values.run import RunStart
from tests.samples import SLOT, open_copy, payload, stage_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from etl.store.database import Connection
    from etl.values.run import StagedRun

HOUR = timedelta(hours=1)
LATEST = "select max_by(minutes_consumed, (fetched_at, run_id)) from session_finals group by session_id"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """An empty database that is open."""
    with open_copy(tmp_path / "usage.duckdb") as connection:
        yield connection


def final(session_id: str = "session-1", **changes: Any) -> dict[str, Any]:
    """An ended session as the API sends it."""
    ended = {"status": "ENDED", "live_participants": 0, "ended_at": "2026-11-02T11:59:00.000Z"}
    return payload(session_id, **(ended | changes))


def staged(
    folder: Path,
    payloads: Sequence[dict[str, Any]] = (),
    *,
    at: datetime = SLOT,
    days: Sequence[tuple[str, int, float]] = (),
) -> StagedRun:
    """Stage a reconciliation that fetched these sessions and days at this instant."""
    start = RunStart(run_id=str(uuid7(at)), slot=at, started_at=at, account_id="account", tool_version="0", host="here")
    entries = [{"day": day, "total_sessions": count, "total_session_minutes": minutes} for day, count, minutes in days]
    finals = Finals(
        sessions=[Observation(Meeting("app", "meeting-1"), at, one) for one in payloads],
        failures=[],
        counts=FetchCounts(),
        days=[
            DayTotals(
                app_id="app",
                first=date(2026, 11, 1),
                last=date(2026, 11, 30),
                fetched_at=at,
                entries=entries,
                attempts=1,
            )
        ],
    )
    staging = Staging(folder / "usage.duckdb", RECONCILIATIONS)
    staging.directory.mkdir(exist_ok=True)
    frames = normalize_finals(start, finals, at).frames
    return staging.stage(frames, start.run_id)


def minutes(connection: Connection) -> list[float]:
    """Return all final totals in the order of their fetch."""
    query = "select minutes_consumed from session_finals order by fetched_at, minutes_consumed"
    return [row[0] for row in connection.execute(query).fetchall()]


def test_a_report_that_says_the_same_again_is_not_stored_again(connection: Connection, tmp_path: Path) -> None:
    """This holds for one load and for two. JSON and nulls are compared, too."""
    json: dict[str, Any] = {"meta": {"region": "weur"}, "breakout_rooms": [{}], "unknown": [1, None], "type": None}
    runs = [staged(tmp_path, [final(**json)], at=SLOT + number * HOUR) for number in range(3)]
    loaded = load_runs(connection, runs[:2])
    loaded_later = load_runs(connection, runs[2:])
    assert minutes(connection) == [2.3434]
    added = [loaded.rows[run.run_id]["session_finals"] for run in runs[:2]]
    assert (*added, loaded_later.rows[runs[2].run_id]["session_finals"]) == (1, 0, 0)


def test_figures_that_a_wrong_clock_has_dated_are_stored_again(connection: Connection, tmp_path: Path) -> None:
    """A clock two days behind, then a right one, twice. Reports find the figures that the right clock has dated."""
    fetched = [SLOT - timedelta(days=2), SLOT, SLOT + HOUR]
    load_runs(connection, [staged(tmp_path, [final()], at=at) for at in fetched])
    rows = connection.execute("select epoch(fetched_at) from session_finals order by fetched_at").fetchall()
    assert [row[0] for row in rows] == [at.timestamp() for at in fetched[:2]]


@pytest.mark.parametrize("change", [{"minutes_consumed": 3}, {"ended_at": "2026-11-02T12:00:00Z"}, {"meta": {"a": 1}}])
def test_a_report_that_says_something_else_is_stored(
    connection: Connection, tmp_path: Path, change: dict[str, Any]
) -> None:
    """A change in any column counts."""
    runs = [
        staged(tmp_path, [final()]),
        staged(tmp_path, [final(**change)], at=SLOT + HOUR),
    ]
    load_runs(connection, runs)
    assert len(minutes(connection)) == 2


def test_a_figure_that_returns_to_what_it_was_is_stored(connection: Connection, tmp_path: Path) -> None:
    """The figure equals an older report, but not the latest. Without it, the report in between would count."""
    for hour, figure in enumerate((1.0, 2.0, 1.0)):
        load_runs(connection, [staged(tmp_path, [final(minutes_consumed=figure)], at=SLOT + hour * HOUR)])
    assert minutes(connection) == [1.0, 2.0, 1.0]
    assert connection.execute(LATEST).fetchall() == [(1.0,)]


def test_an_older_report_that_is_loaded_later_is_not_the_latest(connection: Connection, tmp_path: Path) -> None:
    """A run that stayed staged for a day does not change newer figures."""
    older = staged(tmp_path, [final(minutes_consumed=1.0)])
    newer = staged(tmp_path, [final(minutes_consumed=2.0)], at=SLOT + HOUR)
    load_runs(connection, [newer])
    load_runs(connection, [older])
    assert connection.execute(LATEST).fetchall() == [(2.0,)]


def test_of_two_reports_of_the_same_instant_the_one_of_the_later_run_is_the_latest(
    connection: Connection, tmp_path: Path
) -> None:
    """Run IDs sort by time. The figures and the totals of the later run are known, so they are not stored again."""
    load_runs(connection, [staged(tmp_path, [final(minutes_consumed=1.0)], days=[("2026-11-01", 3, 40.5)])])
    earlier = "00000000-0000-7000-8000-000000000000"
    for table, column in (("session_finals", "minutes_consumed"), ("daily_totals", "minutes")):
        row = f"select * replace ('{earlier}' as run_id, 2.0 as {column}) from {table}"  # noqa: S608  # names of ours
        connection.execute(f"insert into {table} {row}")
    again = staged(tmp_path, [final(minutes_consumed=1.0)], at=SLOT + HOUR, days=[("2026-11-01", 3, 40.5)])
    added = load_runs(connection, [again]).rows[again.run_id]
    assert (added["session_finals"], added["daily_totals"]) == (0, 0)


@pytest.mark.parametrize(
    ("ended_at", "fetched_at", "is_stored_again"),
    [
        (SLOT, SLOT - timedelta(days=1), False),
        (SLOT, SLOT - timedelta(days=1, microseconds=1), True),
        (None, SLOT, False),
    ],
)
def test_figures_dated_up_to_a_day_before_the_end_are_known(
    connection: Connection, tmp_path: Path, ended_at: datetime | None, fetched_at: datetime, *, is_stored_again: bool
) -> None:
    """Reports look for them as early. Without an end, the start of the session takes its place."""
    report = final(ended_at=ended_at.isoformat() if ended_at else None)
    load_runs(connection, [staged(tmp_path, [report])])
    connection.execute("update session_finals set fetched_at = $fetched_at", {"fetched_at": fetched_at})
    again = staged(tmp_path, [report], at=SLOT + HOUR)
    assert load_runs(connection, [again]).rows[again.run_id]["session_finals"] == int(is_stored_again)


def test_the_oldest_session_of_a_run_is_looked_for_as_well(connection: Connection, tmp_path: Path) -> None:
    """Both sessions are stored already, and they started months apart."""
    sessions = [final(started_at="2026-08-01T00:00:00Z"), final("session-2")]
    load_runs(connection, [staged(tmp_path, sessions)])
    again = staged(tmp_path, sessions, at=SLOT + HOUR)
    assert load_runs(connection, [again]).rows[again.run_id]["session_finals"] == 0


def test_sessions_of_the_same_name_in_two_apps_are_two(connection: Connection, tmp_path: Path) -> None:
    """A session belongs to its app."""
    load_runs(connection, [staged(tmp_path, [final()])])
    connection.execute("update session_finals set app_id = 'other'")
    load_runs(connection, [staged(tmp_path, [final()], at=SLOT + HOUR)])
    assert len(minutes(connection)) == 2


def test_a_day_is_stored_again_once_its_total_has_changed(connection: Connection, tmp_path: Path) -> None:
    """The totals of today grow until midnight. Those of earlier days may be corrected."""
    first, second = ("2026-11-01", 3, 40.5), ("2026-11-02", 1, 2.0)
    for hour, days in enumerate([[first, second], [first, ("2026-11-02", 2, 2.5)], [first]]):
        load_runs(connection, [staged(tmp_path, days=days, at=SLOT + hour * HOUR)])
    found = connection.execute("select cast(day as varchar), sessions, minutes from daily_totals order by all")
    assert found.fetchall() == [first, second, ("2026-11-02", 2, 2.5)]


def test_a_run_that_lacks_a_column_of_this_version_is_loaded(connection: Connection, tmp_path: Path) -> None:
    """An older version may have staged it. The missing value is null, and a null is not a change."""
    connection.execute("alter table session_finals add column newer varchar")
    connection.execute("alter table daily_totals add column newer varchar")
    days = [("2026-11-01", 3, 40.5)]
    for hour in range(2):
        load_runs(connection, [staged(tmp_path, [final()], days=days, at=SLOT + hour * HOUR)])
    assert (len(minutes(connection)), connection.execute("select count(*) from daily_totals").fetchall()) == (1, [(1,)])


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("session_finals", "started_at", "2026-11-02 11:00:00+00"), ("daily_totals", "day", "2026-11-02")],
)
def test_looking_for_rows_that_are_there_skips_all_older_ones(
    connection: Connection, tmp_path: Path, table: str, column: str, value: str
) -> None:
    """The bound is a constant of the scan, so that zone maps exclude older rows."""
    older = final("older", started_at="2026-11-02T10:00:00Z")
    run = staged(tmp_path, [final(), older], days=[("2026-11-01", 3, 40.5), ("2026-11-02", 1, 2.0)])
    load_runs(connection, [run])
    statement = "explain analyze " + sql_files.text(f"load/{table}")
    parameters = {"file": str(run.directory / f"{table}.parquet"), column: value}
    plan = connection.execute(statement, parameters).fetchall()[0][1]
    assert re.search(rf"{column} ?>= ?'{value[:10]}", plan), plan


def open_sessions(connection: Connection, since: datetime) -> list[OpenSession]:
    """Return the open sessions of the app that were live since then."""
    found = run_sql_file(connection, "read/open_sessions", since=since, app_ids=["app"])
    return [OpenSession(*row) for row in found.iter_rows()]


def test_open_is_what_was_seen_live_and_began_before_and_is_not_final(connection: Connection, tmp_path: Path) -> None:
    """The sessions of the sample began one hour before the slot."""
    runs = [stage_run(tmp_path, live=["a", "b"], slot=SLOT + number * HOUR / 2) for number in range(2)]
    load_runs(connection, runs)
    both = [OpenSession("app", "a", "of a"), OpenSession("app", "b", "of b")]
    assert open_sessions(connection, SLOT) == both
    assert open_sessions(connection, SLOT + HOUR) == [], "last seen before"
    assert open_sessions(connection, SLOT - 2 * HOUR) == [], "began since, so that a list has it"
    load_runs(connection, [staged(tmp_path, [final("of a")], at=SLOT + HOUR)])
    assert open_sessions(connection, SLOT) == both[1:]


def test_open_are_sessions_of_the_apps_asked_about(connection: Connection, tmp_path: Path) -> None:
    """Sessions of other apps are left out."""
    load_runs(connection, [stage_run(tmp_path, live=["a"])])
    found = run_sql_file(connection, "read/open_sessions", since=SLOT, app_ids=["other"])
    assert found.is_empty()


def test_known_apps_are_those_of_lists_and_those_that_were_asked_for_whole(
    connection: Connection, tmp_path: Path
) -> None:
    """Each app is listed once."""
    load_runs(connection, [stage_run(tmp_path), stage_run(tmp_path, all_of="whole")])
    assert run_sql_file(connection, "read/apps")["app_id"].to_list() == ["app", "whole"]
