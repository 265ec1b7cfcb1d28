"""The checks: each selects nothing from good data, and the offending rows from data that breaks its rule."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from etl.errors import FailureKind
from etl.store import sql_files
from etl.store.database import open_database, open_to_read
from etl.store.load import load_runs
from etl.values.meetings import Failure
from tests.samples import open_copy, stage_run
from tests.sql.check_cases import CASES, HOUR, NEXT, OF_A, RECONCILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from etl.store.database import Connection
    from tests.sql.check_cases import CheckCase
    from tests.sql.recorded import Recorded

EVER = {"since": datetime(2000, 1, 1, tzinfo=UTC), "until": datetime(2100, 1, 1, tzinfo=UTC), "app_id": None}
CHECKS = sql_files.names("checks")


@contextmanager
def good_data(folder: Path) -> Iterator[Connection]:
    """Two slots: one that a second run mended, one that a second run asked again; and a reconciliation."""
    lost = Failure(app_id="app", meeting_id="c", kind=FailureKind.TIMEOUT, message="late")
    runs = [
        stage_run(folder, live=["a"], idle=["b"], failures=[lost]),
        stage_run(folder, live=["c"], idle=[]),
        stage_run(folder, live=["a"], idle=["b", "c"], slot=NEXT),
        stage_run(folder, live=["a"], idle=[], slot=NEXT),
    ]
    with open_database(folder / "usage.duckdb") as connection:
        load_runs(connection, runs)
        connection.execute("update session_snapshots set associated_id = meeting_id")
        connection.execute(RECONCILE)
        yield connection


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The good data, for all tests of this file."""
    with good_data(tmp_path_factory.mktemp("good")) as connection:
        yield connection


@pytest.fixture
def good(opened: Connection) -> Iterator[Connection]:
    """The good data, to break: when the test ends it is good again."""
    opened.execute("begin")
    yield opened
    opened.execute("rollback")


def offenders(connection: Connection, check: str, **changes: object) -> list[dict[str, Any]]:
    """The rows that a check selects, of all time and all apps unless others are named."""
    sql = sql_files.text(f"checks/{check}")
    named = connection.extract_statements(sql)[0].named_parameters
    parameters = {name: value for name, value in (EVER | changes).items() if name in named}
    return pl.DataFrame(connection.sql(sql, params=parameters)).to_dicts()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.check} {case.change[:40]}" for case in CASES])
def test_a_check_selects_the_rows_that_break_its_rule(good: Connection, case: CheckCase) -> None:
    """The check selects nothing before the change, and exactly the offending rows after it."""
    assert offenders(good, case.check) == []
    good.execute(case.change)
    selected = [
        {column: row[column] for column in expected}
        for expected, row in zip(case.offenders, offenders(good, case.check), strict=True)
    ]
    assert selected == case.offenders


@pytest.mark.parametrize("case", CASES, ids=[f"{case.check} {case.change[:40]}" for case in CASES])
def test_a_check_is_limited_to_its_period(good: Connection, case: CheckCase) -> None:
    """The check of a day selects its offenders; the checks of the day before and of the day after do not."""
    good.execute(case.change)
    midnight, day = datetime(2026, 11, 2, tzinfo=UTC), timedelta(days=1)
    assert offenders(good, case.check, since=midnight, until=midnight + day)
    assert not offenders(good, case.check, since=midnight - day, until=midnight)
    assert not offenders(good, case.check, since=midnight + day, until=midnight + 2 * day)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.check} {case.change[:40]}" for case in CASES])
def test_an_offender_at_the_start_of_a_period_belongs_to_it(good: Connection, case: CheckCase) -> None:
    """An offender at the end of a period belongs to the next period."""
    good.execute(case.change)
    microsecond = timedelta(microseconds=1)
    assert offenders(good, case.check, since=case.last_at)
    assert not offenders(good, case.check, since=case.last_at + microsecond)
    assert offenders(good, case.check, until=case.first_at + microsecond)
    assert not offenders(good, case.check, until=case.first_at)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.check} {case.change[:40]}" for case in CASES])
def test_a_check_of_another_app_selects_nothing(good: Connection, case: CheckCase) -> None:
    """A check of runs takes no app, since a run may have several."""
    good.execute(case.change)
    if "$app_id" in sql_files.text(f"checks/{case.check}"):
        assert offenders(good, case.check, app_id="app")
        assert not offenders(good, case.check, app_id="other")
    else:
        assert "of any app" in sql_files.text(f"checks/{case.check}").splitlines()[1]


def test_every_check_is_shown_to_fire() -> None:
    """Each check has a statement that breaks its rule."""
    assert {f"checks/{case.check}" for case in CASES} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_selects_nothing_from_good_data(recorded: Recorded, name: str) -> None:
    """Eleven days of a simulated world: with slots that are missing, meetings that fail, and final figures."""
    with open_to_read(recorded.database) as connection:
        assert offenders(connection, name.removeprefix("checks/")) == []


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_states_its_rule_and_its_grain(name: str) -> None:
    """The first line is a sentence for people, the second says what a row is; the period bounds every one."""
    assert {"$since", "$until"} <= set(sql_files.text(name).replace(")", " ").split())


def test_a_total_that_fell_across_the_start_of_the_period_is_selected(good: Connection) -> None:
    """The snapshot before may precede the period. A snapshot after the period belongs to the next period."""
    good.execute(f"update session_snapshots set minutes_consumed = 2.25 where {OF_A}")  # noqa: S608  # our own
    assert len(offenders(good, "totals_never_fall", since=NEXT)) == 1
    assert offenders(good, "totals_never_fall", until=NEXT) == []
    assert offenders(good, "totals_never_fall", since=NEXT + HOUR) == []


def test_a_total_that_fell_and_rose_again_is_selected(good: Connection) -> None:
    """The first and the last snapshot alone would not show it."""
    good.execute(
        "insert into session_snapshots by name select * replace (slot + interval 30 minutes as observed_at, "
        "2.0 as minutes_consumed) from session_snapshots where session_id = 'of a' and slot = '2026-11-02 12:00:00+00'"
    )
    assert [row["minutes"] for row in offenders(good, "totals_never_fall")] == [2.0]


def test_a_start_that_differs_by_a_second_has_not_changed(good: Connection) -> None:
    """One endpoint may cut off what another one reports."""
    good.execute("update session_finals set started_at = started_at - interval 1 second")
    assert offenders(good, "session_start_never_changes") == []


def test_a_session_that_is_kept_alive_is_not_live_after_its_end(good: Connection) -> None:
    """A session stays live for up to ten minutes after its last participant has left."""
    good.execute("update session_finals set ended_at = timestamptz '2026-11-02 12:45:00+00'")
    assert offenders(good, "no_snapshot_after_session_end") == []


def test_what_counts_is_the_final_total_that_was_fetched_last(good: Connection) -> None:
    """A total that was corrected later keeps the rule."""
    good.execute(
        "insert into session_finals select * replace (fetched_at - interval 1 hour as fetched_at, "
        "1 as minutes_consumed) from session_finals"
    )
    assert offenders(good, "final_total_not_below_snapshots") == []


def test_a_run_of_all_live_sessions_needs_no_list(tmp_path: Path) -> None:
    """The meetings of such a run are the live ones."""
    with open_copy(tmp_path / "usage.duckdb") as connection:
        load_runs(connection, [stage_run(tmp_path, live=["x", "y"], idle=[], all_of="app")])
        assert offenders(connection, "one_outcome_per_listed_meeting") == []
