from __future__ import annotations

import stat
import sys
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import finish, meeting_ids, summary_of, umask, until
from tests.older import make_older_database

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell, Shell

SLOW_SECONDS = 30.0


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell whose database holds one run."""
    assert shell.snapshot("--slot", "2026-11-23T11:00:00Z").exit_code == 0
    return shell


def test_a_locked_database_leaves_the_run_staged(filled: Shell) -> None:
    """The run ends with 75 after --lock-timeout. Its rows are staged, and none is in the database."""
    with filled.database_held():
        result = filled.snapshot("--json", "--lock-timeout", "0.2s")
    summary = summary_of(result.stdout)
    assert result.exit_code == 75
    assert [run.name for run in filled.staged()] == [summary["run_id"]] == summary["staged"]
    assert filled.rows("select count(*) from runs") == [(1,)]


def test_the_message_names_who_holds_the_database(filled: Shell) -> None:
    """The message names the program and its PID, so that the user can close it."""
    with filled.database_held() as holder:
        stderr = filled.snapshot("--lock-timeout", "0").stderr
    program = Path(sys.executable).resolve().name
    assert f"(PID {holder.pid})" in stderr
    assert program in stderr


def test_the_message_says_what_brings_the_run_in(filled: Shell) -> None:
    """The message says where the run is staged, and that the next run or `rtk-usage load` loads it."""
    with filled.database_held():
        result = filled.snapshot("--lock-timeout", "0")
    assert str(filled.staging) in result.stderr
    assert "next run" in result.stderr
    assert "rtk-usage load" in result.stderr
    assert "staged, not yet in the database" in result.stdout


def test_the_command_in_the_message_is_for_this_database(filled: Shell) -> None:
    """The command in the message repeats --database, so that it can be typed as it is."""
    database = filled.directory / "usage.duckdb"
    with filled.database_held():
        result = filled.snapshot("--lock-timeout", "0", "--database", str(database), RTK_USAGE_DATABASE=None)
    assert f"rtk-usage load --database {database}" in result.stderr


def test_load_brings_a_staged_run_in(filled: Shell) -> None:
    """`rtk-usage load` loads the staged run once the database is free."""
    with filled.database_held():
        filled.snapshot("--lock-timeout", "0")
    result = filled.run("load")
    assert (result.exit_code, result.stdout) == (0, f"loaded 1 staged run into {filled.database}\n")
    assert filled.staged() == []
    assert filled.rows("select count(*) from runs") == [(2,)]
    assert filled.rows("select count(*) from session_snapshots") == [(2 * len(filled.api.live()),)]


def test_load_brings_nothing_in_twice(filled: Shell) -> None:
    """Without staged runs it prints so and succeeds."""
    result = filled.run("load")
    assert (result.exit_code, result.stdout) == (0, f"loaded 0 staged runs into {filled.database}\n")
    assert filled.rows("select count(*) from runs") == [(1,)]


def test_load_makes_nothing_where_there_is_nothing(shell: Shell) -> None:
    """A misspelt --database creates no directory. The message names the database and the staging directory."""
    database = shell.directory / "typo.duckdb"
    result = shell.run("load", "--database", str(database))
    assert result.exit_code == 0
    assert result.stdout == (
        f"nothing to load: {database}.staged holds no staged runs, and {database} does not exist yet; "
        "rtk-usage snapshot creates it, or name another file with --database\n"
    )
    assert list(shell.directory.glob("typo*")) == []


@pytest.mark.usefixtures("no_database")
def test_load_brings_an_older_database_up_to_date(shell: Shell) -> None:
    """Then reports, which change nothing, need not wait for the next snapshot."""
    make_older_database(shell.database)
    assert shell.run("load").exit_code == 0
    assert shell.rows("select count(*) from sessions") == [(0,)]


def test_load_meets_the_lock_as_well(filled: Shell) -> None:
    """The command ends with 75 and names the program. The run stays staged."""
    with filled.database_held() as holder:
        filled.snapshot("--lock-timeout", "0")
        result = filled.run("load", "--lock-timeout", "0.1s")
    assert (result.exit_code, len(filled.staged())) == (75, 1)
    assert f"(PID {holder.pid})" in result.stderr


def test_the_next_snapshot_brings_a_staged_run_in(filled: Shell) -> None:
    """No user has to act: the run after the lock loads both."""
    with filled.database_held():
        left = filled.summary("--lock-timeout", "0", "--slot", "2026-11-23T12:00:00Z")
    summary = filled.summary("--slot", "2026-11-23T13:00:00Z")
    assert summary["loaded"] == [left["run_id"], summary["run_id"]]
    assert filled.rows("select count(*) from runs") == [(3,)]


def test_a_lock_that_is_released_in_time_does_no_harm(filled: Shell) -> None:
    """Within --lock-timeout the run waits, then stores its rows as usual."""
    arguments: Any = ("snapshot", "meetings.txt", "--json", "--lock-timeout", "20s")
    with filled.database_held() as holder, filled.start(*arguments) as process:
        until(filled.staged)
        holder.kill()
        code, stdout, _ = finish(process)
    assert code == 0
    assert summary_of(stdout)["staged"] == []
    assert filled.rows("select count(*) from runs") == [(2,)]


def test_staged_files_are_their_owners_alone(filled: Shell) -> None:
    """Staged files are as private as the database, whatever the umask."""
    with filled.database_held(), umask(0o022):
        assert filled.snapshot("--lock-timeout", "0").exit_code == 75
    (run,) = filled.staged()
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in run.iterdir()} == {0o600}


def test_a_second_run_ends_at_once_and_names_the_first(open_shell: OpenShell) -> None:
    """Two runs on one database would send every request twice. The later one ends with 75 and sends nothing."""
    shell = open_shell(by_meeting={meeting_ids()[0]: repeat("slow")}, slow_seconds=SLOW_SECONDS)
    with shell.start("snapshot", "meetings.txt") as first:
        until(lambda: shell.api.app.state.requests == 40)
        result = shell.snapshot()
        assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (75, "", 40)
        assert f"(PID {first.pid} on " in result.stderr
        assert "is under way since" in result.stderr


def test_load_leaves_a_run_that_is_under_way_alone(open_shell: OpenShell) -> None:
    """The run in progress loads staged runs itself."""
    shell = open_shell(by_meeting={meeting_ids()[0]: repeat("slow")}, slow_seconds=SLOW_SECONDS)
    with shell.start("snapshot", "meetings.txt") as first:
        until(lambda: shell.api.app.state.requests == 40)
        result = shell.run("load")
    assert result.exit_code == 75
    assert f"(PID {first.pid} on " in result.stderr


def test_a_run_that_was_killed_blocks_nobody(open_shell: OpenShell) -> None:
    """The lock ends with its process, however it ended, and the next run is a normal run."""
    shell = open_shell(by_meeting={meeting_ids()[0]: ["slow"]}, slow_seconds=SLOW_SECONDS)
    with shell.start("snapshot", "meetings.txt") as first:
        until(lambda: shell.api.app.state.requests == 40)
        first.kill()
        first.wait()
    assert shell.snapshot().exit_code == 0
