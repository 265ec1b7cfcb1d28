from __future__ import annotations

import json
import signal
from datetime import datetime, timedelta
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import finish, summary_of, until
from tests.conftest import START

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell, Shell

# The world's clock stands at START, the process's does not.
PERIOD = ("--since", (START - timedelta(days=1)).isoformat())


def count(shell: Shell) -> int:
    """Count the sessions that have ended in the period."""
    return len(shell.api.world.sessions(START, "ENDED", since=START - timedelta(days=1)))


@pytest.mark.usefixtures("no_database")
def test_it_says_in_a_line_what_it_found(shell: Shell) -> None:
    """The line of a second run says that nothing is new."""
    first, second = shell.run("reconcile", *PERIOD), shell.run("reconcile", *PERIOD)
    ended = count(shell)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert f"Z reconciled app simulated-app: {ended} ended sessions ({ended} new or changed), " in first.stdout
    assert f"{ended} ended sessions (0 new or changed), " in second.stdout
    assert " requests in " in second.stdout
    assert first.stdout.endswith(f"; in the new database {shell.database}\n")
    assert second.stdout.endswith(f"; in {shell.database}\n")
    assert (first.stdout.count("\n"), first.stderr) == (1, "")


def test_as_json_it_is_one_object(shell: Shell) -> None:
    """The object has the columns of the ledger, the request, the number of new rows, and the result."""
    summary = summary_of(shell.run("reconcile", *PERIOD, "--json").stdout)
    assert (summary["kind"], summary["meetings"], summary["failed"]) == ("reconcile", count(shell), 0)
    assert (summary["apps"], summary["since"]) == (["simulated-app"], "2026-11-01T12:00:00Z")
    assert (summary["new_sessions"], summary["loaded"]) == (count(shell), [summary["run_id"]])
    assert (summary["staged"], summary["errors"], summary["interrupted"]) == ([], [], False)
    assert summary["days"] == summary["new_days"] > 0


def test_quietly_it_says_nothing(shell: Shell) -> None:
    """Cron then mails only failures."""
    result = shell.run("reconcile", *PERIOD, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_failures_end_with_3_and_are_said(open_shell: OpenShell) -> None:
    """The line counts them, and standard error quotes the first of each kind."""
    shell = open_shell(by_page={2: repeat("internal_error")})
    result = shell.run("reconcile", *PERIOD, "--attempts", "1")
    assert result.exit_code == 3
    assert "1 failed (server_error 1)" in result.stdout
    assert result.stderr == "server_error (1): *: the list of ended sessions: HTTP 500: Internal server error\n"


@pytest.mark.parametrize(
    ("fault", "code"), [("authentication", 77), ("missing_scope", 77), ("no_route", 78), ("bad_gateway_html", 69)]
)
def test_an_api_that_refuses_or_is_down_ends_as_a_snapshot_does(open_shell: OpenShell, fault: str, code: int) -> None:
    """The message says what to do next, and the run is stored with its failures."""
    shell = open_shell(script=repeat(fault))
    result = shell.run("reconcile", *PERIOD, "--attempts", "1")
    assert result.exit_code == code
    assert "rtk-usage: " in result.stderr
    assert shell.rows("select kind, failed > 0 from runs") == [("reconcile", True)]


@pytest.mark.usefixtures("no_database")
def test_without_an_app_and_a_database_it_is_a_setting_that_is_missing(shell: Shell) -> None:
    """The command ends with 78 and creates nothing."""
    result = shell.run("reconcile", *PERIOD, REALTIMEKIT_APP_ID=None)
    assert (result.exit_code, result.stdout) == (78, "")
    assert "set REALTIMEKIT_APP_ID or --app-id, or take a snapshot first" in result.stderr
    assert not shell.staging.exists()


def test_without_an_app_it_asks_about_those_of_the_database(shell: Shell) -> None:
    """The apps of the database are those of its snapshots."""
    assert shell.snapshot().exit_code == 0
    result = shell.run("reconcile", *PERIOD, REALTIMEKIT_APP_ID=None)
    assert (result.exit_code, "reconciled app simulated-app" in result.stdout) == (0, True)


def test_a_second_one_ends_at_once_and_a_snapshot_does_not(open_shell: OpenShell) -> None:
    """The second reconciliation ends with 75 and names the first. A snapshot keeps its slot."""
    shell = open_shell(by_page={1: ["slow"]}, slow_seconds=30.0)
    with shell.start("reconcile", *PERIOD, "--timeout", "1m") as first:
        until(lambda: shell.api.app.state.requests_by_page[1] == 1)
        second = shell.run("reconcile", *PERIOD)
        snapshot = shell.snapshot()
        assert (second.exit_code, second.stdout, snapshot.exit_code) == (75, "", 0)
        assert f"(PID {first.pid} on " in second.stderr
        assert first.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stores_what_there_is(open_shell: OpenShell, number: signal.Signals) -> None:
    """The exit code is 128 plus the number of the signal."""
    shell = open_shell(by_page={3: repeat("slow")}, slow_seconds=30.0)
    with shell.start("reconcile", *PERIOD, "--page-size", "50", "--timeout", "1m", "--json") as process:
        until(lambda: shell.api.app.state.requests_by_page[3] == 1)
        process.send_signal(number)
        code, stdout, _ = finish(process, seconds=5)
    summary = summary_of(stdout)
    assert (code, summary["interrupted"], summary["failures"]) == (128 + number, True, {"interrupted": 1})
    assert shell.rows("select count(*) from session_finals") == [(100,)]


def test_interrupted_it_says_how_to_fetch_the_rest(open_shell: OpenShell) -> None:
    """The advice is true: the same command stores the rest, and nothing twice."""
    shell = open_shell(by_page={3: ["slow"]}, slow_seconds=30.0)
    command = ("reconcile", *PERIOD, "--page-size", "50", "--timeout", "1m")
    with shell.start(*command) as process:
        until(lambda: shell.api.app.state.requests_by_page[3] == 1)
        process.send_signal(signal.SIGINT)
        _, _, stderr = finish(process, seconds=5)
    assert stderr.endswith(
        "rtk-usage: interrupted: some final figures were not fetched. "
        "To fetch the rest, run the same command again; it stores only what is new\n"
    )
    again = shell.run(*command)
    assert (again.exit_code, again.stderr) == (0, "")
    assert f"{count(shell)} ended sessions ({count(shell) - 100} new or changed), " in again.stdout
    (stored,) = shell.rows("select count(*), count(distinct session_id) from session_finals")
    assert stored == (count(shell), count(shell))


def test_it_leaves_half_of_the_limit_to_snapshots(shell: Shell) -> None:
    """The default reserve is one half."""
    assert "[default: 50%]" in " ".join(shell.run("reconcile", "--help").stdout.split())


@pytest.mark.parametrize("since", ["0d", "2d", "90m", "400d", "2026-11-01", "2026-11-01T02:00:00+02:00"])
@pytest.mark.parametrize("tz", [None, "Asia/Kolkata"])
def test_since_means_the_same_as_in_a_report(shell: Shell, since: str, tz: str | None) -> None:
    """Whole days begin at midnight in both commands, in UTC or in the zone of the environment."""
    result = shell.run("reconcile", "--since", since, "--json", RTK_USAGE_TZ=tz)
    reconciled = datetime.fromisoformat(summary_of(result.stdout)["since"])
    query = ("query", "select $since as since", "--since", since, "--format", "json")
    (row,) = json.loads(shell.run(*query, RTK_USAGE_TZ=tz).stdout)
    assert abs(datetime.fromisoformat(row["since"]) - reconciled) < timedelta(minutes=1)


def test_the_days_of_since_are_those_of_the_zone(shell: Shell) -> None:
    """Midnight in Kolkata is 18:30 UTC. The option has precedence over the variable."""
    command = ("reconcile", "--since", "2026-11-01", "--json")
    by_variable = summary_of(shell.run(*command, RTK_USAGE_TZ="Asia/Kolkata").stdout)
    by_option = summary_of(shell.run(*command, "--tz", "Asia/Kolkata", RTK_USAGE_TZ="Europe/Berlin").stdout)
    assert by_variable["since"] == by_option["since"] == "2026-10-31T18:30:00Z"


def test_a_zone_that_does_not_exist_is_refused(shell: Shell) -> None:
    """Nothing is sent, and the message names a similar zone."""
    result = shell.run("reconcile", "--tz", "Europe/Berln")
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (2, "", 0)
    assert "Did you mean Europe/Berlin" in result.stderr


@pytest.mark.parametrize(
    "since", ["", "30", "yesterday", "2026-11-31", "2026-11-01T00:00", "-1d", "9000h", "all", "2999-01-01"]
)
def test_a_since_that_is_not_valid_is_refused(shell: Shell, since: str) -> None:
    """A number without a unit, an instant without a zone, and the future are wrong calls."""
    result = shell.run("reconcile", "--since", since)
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (2, "", 0)
    assert "--since" in result.stderr
