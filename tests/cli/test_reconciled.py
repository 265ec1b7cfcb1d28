"""A database that only `reconcile` has written: its reports, checks and page."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from etl.store import sql_files
from etl.store.database import open_database
from tests.conftest import START

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

SINCE = ("--since", (START - timedelta(days=1)).isoformat())
REPORTS = [name.partition("/")[2] for name in sql_files.names("reports")]


@pytest.fixture
def reconciled(shell: Shell) -> Shell:
    """A shell whose database holds the final figures of a day, and no snapshot."""
    assert shell.run("reconcile", *SINCE).exit_code == 0
    return shell


def report(shell: Shell, name: str, *arguments: str) -> list[dict[str, str]]:
    """Return the rows of a report of all time. It has nothing to explain."""
    result = shell.run("report", name, "--since", "all", "--format", "csv", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(result.stdout)))


def minutes(rows: list[dict[str, str]]) -> float:
    """Return the sum of the minutes of all types of sessions."""
    figures = [name for name in rows[0] if name.endswith("minutes") and name != "duration_minutes"]
    return sum(float(row[name] or 0) for row in rows for name in figures)


@pytest.mark.parametrize("name", [name for name in REPORTS if name not in {"concurrency", "coverage", "live", "runs"}])
def test_a_report_answers_from_final_figures(reconciled: Shell, name: str) -> None:
    """So it does for the app alone, which is known from what was reconciled."""
    rows = report(reconciled, name)
    assert rows == report(reconciled, name, "--app-id", reconciled.api.world.app_id)
    assert minutes(rows) > 0


def test_the_run_is_listed(reconciled: Shell) -> None:
    """The ledger does not keep the apps of a reconciliation."""
    result = reconciled.run("report", "runs", "--since", "1d", "--format", "csv")
    assert [row["kind"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["reconcile"]


@pytest.mark.parametrize("name", ["concurrency", "coverage", "live"])
def test_a_report_about_snapshots_is_empty_and_says_what_there_is(reconciled: Shell, name: str) -> None:
    """No snapshot is expected, so none is missing."""
    result = reconciled.run("report", name, "--since", "all", "--format", "csv")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    assert "; the database holds data from 2026-11-01 " in result.stderr


def test_days_add_up_to_the_sessions_and_no_snapshot_covers_them(reconciled: Shell) -> None:
    """The peak is empty, because nobody counted participants at a time."""
    days, sessions = report(reconciled, "daily"), report(reconciled, "sessions")
    assert minutes(days) == pytest.approx(sum(float(row["total_minutes"]) for row in sessions))
    assert {(row["peak_participants"], row["covered_percent"]) for row in days} == {("", "0.0")}


def test_hours_are_averaged_over_the_time_of_the_sessions(reconciled: Shell) -> None:
    """Each hour of the week came once, so its mean is its sum."""
    hours = [row for row in report(reconciled, "hours") if row["minutes"]]
    assert [float(row["mean_minutes"]) for row in hours] == pytest.approx([float(row["minutes"]) for row in hours])


def test_every_check_runs(reconciled: Shell) -> None:
    """No rule is broken. There is nothing to explain but the missing snapshots."""
    result = reconciled.run("check", str(reconciled.directory / "meetings.txt"), "--since", "all", "--json")
    assert (result.exit_code, result.stderr) == (2, "")
    content = json.loads(result.stdout)
    assert {len(check["broken"]) for check in content["checks"]} == {0}
    unwell = [finding["message"] for finding in content["findings"] if finding["severity"] != "fine"]
    assert unwell == ["no good snapshot in the last 7 days"]


def test_the_page_shows_minutes(reconciled: Shell) -> None:
    """Its coverage is 0 %, and it names no last snapshot."""
    output = reconciled.directory / "page.html"
    result = reconciled.run("page", "--since", "all", "--output", str(output))
    assert result.exit_code == 0
    page = output.read_text(encoding="utf-8")
    assert "usage.duckdb: 0 snapshots." in page
    assert "0 of 0 snapshots" in page


def test_a_reconciliation_without_sessions_is_not_an_error(shell: Shell) -> None:
    """A report says that there is nothing yet."""
    shell.run("reconcile", "--since", "1s")
    with open_database(shell.database) as connection:
        connection.execute("delete from session_finals")
    result = shell.run("report", "daily")
    assert result.exit_code == 0
    assert "the database holds no snapshots and no ended sessions yet" in result.stderr


def test_a_second_reconciliation_knows_the_app(reconciled: Shell) -> None:
    """The database names it, so that no option has to."""
    result = reconciled.run("reconcile", *SINCE, REALTIMEKIT_APP_ID=None)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "reconciled app simulated-app" in result.stdout
