"""`rtk-usage erase`, and the report `runs` that lists what can be erased."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import CHECKOUT, finish, shell_in, until
from tests.samples import held_open

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Shell
    from tests.conftest import Api

SLOTS = ("2026-11-23T12:00:00Z", "2026-11-23T12:05:00Z")
CONTENT = """
select kind, (select count(*) from session_snapshots) as snapshots, count(*) as runs
from runs
group by all
order by all
"""
# Runs a command, whose erasure kills the process just before its first statement that begins with these words.
_KILLED = """
import os, re, signal, sys
import etl.jobs.erase
from etl.cli import cli

class Dying:
    def __init__(self, connection):
        self.connection = connection

    def execute(self, sql, *parameters):
        if re.sub("--.*\\n", "", sql).startswith(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.connection.execute(sql, *parameters)

erase = etl.jobs.erase.erase
etl.jobs.erase.erase = lambda connection, *rest: erase(Dying(connection), *rest)
cli(sys.argv[2:])
"""


@pytest.fixture(scope="module")
def two_snapshots(calm_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a shell that took two snapshots. No test changes it."""
    shell = shell_in(tmp_path_factory.mktemp("two_snapshots"), calm_api)
    for slot in SLOTS:
        assert shell.snapshot("--slot", slot).exit_code == 0
    return shell.directory


@pytest.fixture
def filled(shell: Shell, two_snapshots: Path) -> Shell:
    """A shell with a copy of the two snapshots."""
    shutil.copytree(two_snapshots, shell.directory, dirs_exist_ok=True)
    return shell


def run_ids(shell: Shell) -> list[str]:
    """Return the IDs of the runs, the newest first, as the report prints them."""
    listed = shell.run("report", "runs", "--since", "1d", "--format", "csv").stdout.splitlines()
    names = listed[0].split(",")
    return [line.split(",")[names.index("run_id")] for line in listed[1:]]


def test_a_run_is_listed_and_erased(filled: Shell) -> None:
    """Its rows are gone. The other run stays, and the database says how many rows went."""
    live = len(filled.api.live())
    newest, oldest = run_ids(filled)
    result = filled.run("erase", "--run", newest, "--yes")
    gone = f"{live} session snapshots, 0 session finals, 0 daily totals, 0 fetch failures"
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"to erase: 1 run, {gone}\nerased: {gone}\n"
    assert filled.rows("select run_id::varchar from runs where kind = 'snapshot'") == [(oldest,)]
    assert filled.rows("select distinct run_id::varchar from session_snapshots") == [(oldest,)]
    assert filled.broken_rules() == []


def test_the_erased_slot_can_be_taken_again(filled: Shell) -> None:
    """All meetings are asked for."""
    filled.run("erase", "--run", run_ids(filled)[0], "--yes")
    summary = filled.summary("--slot", SLOTS[1])
    assert (summary["already_resolved"], summary["meetings"]) == (0, 40)


def test_a_staged_run_goes_with_its_app(filled: Shell) -> None:
    """The run is loaded first, so that nothing brings its rows back later."""
    with held_open(filled.database):
        filled.snapshot("--lock-timeout", "0", "--slot", "2026-11-23T12:10:00Z")
    assert len(filled.staged()) == 1
    assert filled.run("erase", "--app-id", "simulated-app", "--yes").exit_code == 0
    assert filled.staged() == []
    assert filled.rows(CONTENT) == [("erase", 0, 1), ("erased", 0, 3)]
    assert filled.rows("select count(*) from meeting_lists") == [(0,)]


def test_a_dry_run_changes_nothing(filled: Shell) -> None:
    """The command needs no --yes, and does not even write to the file."""
    before = filled.database.read_bytes()
    result = filled.run("erase", "--app-id", "simulated-app", "--dry-run")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"would be erased: 2 runs, {2 * len(filled.api.live())} session snapshots, ")
    assert filled.database.read_bytes() == before


def test_a_script_has_to_say_yes(filled: Shell) -> None:
    """Without a terminal there is nobody to ask."""
    before = filled.database.read_bytes()
    result = filled.run("erase", "--app-id", "simulated-app")
    assert result.exit_code == 2
    assert "This can't be undone. Repeat the command with --yes, or on a terminal." in result.stderr
    assert filled.database.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Name what to erase: one of --run, --app-id, --meeting"),
        (("--run", "0", "--app-id", "a"), 2, "Name what to erase: one of --run, --app-id, --meeting"),
        (("--run", "nothing", "--yes"), 78, "holds no run nothing; rtk-usage report runs lists the IDs of its runs"),
        (("--run", "0", "--yes"), 78, "2 runs of "),
        (("--app-id", "b", "--yes"), 78, "holds nothing of app 'b'; its apps are simulated-app"),
        (("--app-id", "b", "--database", "none.duckdb"), 78, "none.duckdb does not exist; name the database"),
    ],
)
def test_what_is_not_there_is_not_erased(filled: Shell, arguments: tuple[str, ...], code: int, said: str) -> None:
    """The message says how to find what is."""
    before = filled.database.read_bytes()
    result = filled.run("erase", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert filled.database.read_bytes() == before


def test_nothing_is_erased_while_a_run_is_in_progress(filled: Shell) -> None:
    """The run may be fetching what is to be erased."""
    with filled.start("snapshot", "meetings.txt", "--rate", "5/60s", "--via", "meetings") as process:
        until((filled.staging / "run.lock").read_bytes)
        result = filled.run("erase", "--app-id", "simulated-app", "--yes")
        process.terminate()
        finish(process)
    assert result.exit_code == 75
    assert "is under way since" in result.stderr


@pytest.mark.parametrize(
    ("statement", "is_erased"),
    [
        ("begin", False),
        ("delete from session_snapshots", False),
        ("insert into runs", False),
        ("commit", False),
        ("checkpoint", True),
    ],
)
def test_a_killed_erasure_has_erased_all_or_nothing(filled: Shell, statement: str, is_erased: bool) -> None:  # noqa: FBT001  # a case of the table
    """The erasure is one transaction: killed before it, before several of its statements, and after it."""
    arguments = ["erase", "--app-id", "simulated-app", "--yes", "--database", str(filled.database)]
    killed = subprocess.run([sys.executable, "-c", _KILLED, statement, *arguments], cwd=CHECKOUT, check=False)
    assert killed.returncode == -signal.SIGKILL
    live = len(filled.api.live())
    expected = [("erase", 0, 1), ("erased", 0, 2)] if is_erased else [("snapshot", 2 * live, 2)]
    assert filled.rows(CONTENT) == expected


def test_a_run_that_is_only_staged_can_be_erased(filled: Shell) -> None:
    """The run is loaded before the rows are counted."""
    run_id = stage(filled)
    result = filled.run("erase", "--run", run_id, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"to erase: 1 run, {len(filled.api.live())} session snapshots, ")
    assert filled.staged() == []
    assert filled.rows("select run_id::varchar from runs where kind = 'erased'") == [(run_id,)]


def test_an_app_that_is_only_staged_can_be_erased(filled: Shell) -> None:
    """Not even the database is there."""
    stage(filled)
    filled.database.unlink()
    assert filled.run("erase", "--app-id", "simulated-app", "--yes").exit_code == 0
    assert filled.staged() == []
    assert filled.rows(CONTENT) == [("erase", 0, 1), ("erased", 0, 1)]


def test_a_dry_run_does_not_count_staged_runs(filled: Shell) -> None:
    """The command says so, since it must not load them."""
    run_id = stage(filled)
    note = "rtk-usage: staged runs that are not counted: 1; rtk-usage load loads them\n"
    counted = filled.run("erase", "--app-id", "simulated-app", "--dry-run")
    assert (counted.exit_code, counted.stderr) == (0, note)
    assert counted.stdout.startswith("would be erased: 2 runs, ")
    missing = filled.run("erase", "--run", run_id, "--dry-run")
    assert missing.exit_code == 78
    assert missing.stderr.startswith(note)
    assert len(filled.staged()) == 1


def stage(shell: Shell) -> str:
    """Take a snapshot that another program keeps out of the database. Return the ID of its run."""
    with held_open(shell.database):
        shell.snapshot("--lock-timeout", "0", "--slot", "2026-11-23T12:10:00Z")
    (staged,) = shell.staged()
    return staged.name


def test_the_counting_waits_for_a_program_that_writes(filled: Shell) -> None:
    """The command waits as long as --lock-timeout says."""
    arguments = ("erase", "--app-id", "simulated-app", "--dry-run", "--lock-timeout")
    with filled.database_held() as holder:
        assert filled.run(*arguments, "0").exit_code == 75
        timer = threading.Timer(0.5, holder.kill)
        timer.start()
        result = filled.run(*arguments, "20s")
        timer.join()
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_database_whose_only_run_was_erased_shows_the_erasure(shell: Shell) -> None:
    """The ledger keeps both."""
    shell.snapshot()
    shell.run("erase", "--app-id", "simulated-app", "--yes")
    result = shell.run("report", "runs", "--since", "1d", "--format", "json")
    assert result.exit_code == 0
    assert [run["kind"] for run in json.loads(result.stdout)] == ["erase", "erased"]


@pytest.mark.parametrize(
    ("answer", "code", "said", "runs"),
    [
        ("y\n", 0, "erased: ", [("erase",), ("erased",)]),
        ("n\n", 0, "nothing erased", [("snapshot",)]),
        ("\n", 0, "nothing erased", [("snapshot",)]),
        ("\x04", 130, "rtk-usage: interrupted", [("snapshot",)]),
    ],
)
def test_a_terminal_is_asked(filled: Shell, answer: str, code: int, said: str, runs: list[tuple[str]]) -> None:
    """Nothing but yes erases. The last answer is Ctrl-D, which ends the input."""
    exit_code, shown = ask_on_terminal(filled, answer, "erase", "--app-id", "simulated-app")
    question, _, rest = shown.partition("This can't be undone. Erase these rows? [y/N]: ")
    assert question.startswith("to erase: 2 runs, ")
    assert exit_code == code
    assert f"\n{said}" in rest
    assert filled.rows("select distinct kind from runs order by kind") == runs


def ask_on_terminal(shell: Shell, answer: str, *arguments: str) -> tuple[int, str]:
    """Answer the question of a command on a terminal. Return its exit code and what it showed."""
    terminal, end = pty.openpty()
    shown = b""
    with shell.start(*arguments, stdin=end, stdout=end, stderr=end) as process:
        os.close(end)
        while b"[y/N]: " not in shown:
            shown += os.read(terminal, 65536)
        os.write(terminal, answer.encode())
        with contextlib.suppress(OSError):  # Linux says so that the other end is closed
            while chunk := os.read(terminal, 65536):
                shown += chunk
        process.wait()
    os.close(terminal)
    return process.returncode, shown.decode()
