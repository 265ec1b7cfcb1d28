from __future__ import annotations

import os
import pty
import re
import subprocess
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from etl.reports.counts import format_count
from tests.cli.conftest import meeting_ids, summary_of
from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell, Shell

KEYS = {
    *("run_id", "kind", "via", "slot", "started_at", "finished_at", "account_id", "list_id", "tool_version", "host"),
    "clock_note",
    *(
        "meetings",
        "live",
        "idle",
        "failed",
        "requests",
        "retries",
        "waited_seconds",
        "unlisted",
        "every_seconds",
        "plan",
    ),
    *(
        "already_resolved",
        "repeats",
        "failures",
        "first_failures",
        "database",
        "new_database",
        "loaded",
        "staged",
        "errors",
        "interrupted",
    ),
}


def on_terminal(shell: Shell, *arguments: str) -> tuple[int, str, str]:
    """Run a command whose standard error is a terminal. Return its exit code, standard output and terminal output."""
    master, slave = pty.openpty()
    variables: dict[str, str | None] = {"TERM": "xterm-256color", "COLUMNS": "120", "NO_COLOR": None}
    try:
        with shell.start(*arguments, stderr=slave, variables=variables) as process:
            os.close(slave)
            shown = bytearray()
            while chunk := _read(master):
                shown += chunk
            stdout, _ = process.communicate(timeout=20)
            return process.returncode, stdout, shown.decode()
    finally:
        os.close(master)


def _read(terminal: int) -> bytes:
    """Read what the terminal was sent. Linux reports an error once the other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


@pytest.mark.usefixtures("no_database")
def test_a_good_run_from_cron_is_one_line(shell: Shell) -> None:
    """Without a terminal there is one line on standard output, and nothing on standard error."""
    code, stdout, stderr = shell.process("snapshot", "meetings.txt")
    live = len(shell.api.live())
    assert (code, stderr) == (0, "")
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ 40 meetings: {live} live, {40 - live} idle, 0 failed; "
        rf"via meetings; 40 requests in \d+\.\d s; in the new database {re.escape(str(shell.database))}\n",
        stdout,
    )


def test_one_of_anything_is_singular(open_shell: OpenShell) -> None:
    """This holds for the meetings, requests and retries of the summary, and for the line that follows a list."""
    shell = open_shell(meetings=1, script=["internal_error"])
    assert " 1 meeting: 1 live, 0 idle, 0 failed; " in shell.snapshot("--slot", "2026-11-23T11:00:00Z").stdout
    assert "; 1 request in " in shell.snapshot("--slot", "2026-11-23T12:00:00Z").stdout
    assert shell.run("meetings").stderr == "1 of the 1 meeting of app simulated-app\n"
    shell = open_shell(meetings=1, script=["internal_error"])
    assert "; 2 requests, 1 retry in " in shell.snapshot("--slot", "2026-11-23T13:00:00Z").stdout


@pytest.mark.parametrize(
    ("count", "noun", "plural", "text"),
    [
        (0, "run", None, "0 runs"),
        (1, "run", None, "1 run"),
        (2, "run", None, "2 runs"),
        (1234, "row", None, "1,234 rows"),
        (0, "retry", "retries", "0 retries"),
        (1, "retry", "retries", "1 retry"),
        (2, "retry", "retries", "2 retries"),
    ],
)
def test_a_count_has_its_noun(count: int, noun: str, plural: str | None, text: str) -> None:
    """Only one is singular. Thousands are separated."""
    assert format_count(count, noun, plural) == text


@pytest.mark.parametrize(
    "arguments",
    [
        ("snapshot", "one.txt"),
        ("snapshot", "many.txt", "--via", "meetings"),
        ("snapshot", "many.txt", "--via", "list"),
        ("snapshot", "--all-meetings"),
        ("reconcile",),
        ("meetings",),
    ],
)
def test_an_api_that_is_not_there_is_named_with_what_to_do(shell: Shell, arguments: tuple[str, ...]) -> None:
    """The last line has the base URL, what happened and what to do next, each once."""
    (shell.directory / "one.txt").write_text("m\n", encoding="utf-8")
    (shell.directory / "many.txt").write_text("".join(f"m{number}\n" for number in range(60)), encoding="utf-8")
    with answering(b"") as server:
        gone = server.base_url
    code, _, stderr = shell.process(*arguments, "--attempts", "1", "--base-url", gone)
    last = stderr.splitlines()[-1]
    assert code == (3 if "one.txt" in arguments else 69)
    assert last.count(f"no answer from {gone}: Connection refused") == last.count("refused") == 1
    assert [last.lower().count(text) for text in ("look at the base url", "run again")] == [1, 1]
    assert last.lower().count("connection") <= 2  # the kind of the failure, and what happened


def test_a_failing_run_from_cron_explains_itself(open_shell: OpenShell) -> None:
    """The line counts the kinds of failure, and one warning per kind quotes the first failure."""
    ids = meeting_ids()
    faults = {ids[1]: ["unknown_meeting"], ids[2]: ["success_false"]}
    shell = open_shell(by_meeting=faults | {ids[0]: ["unknown_meeting"]})
    result = shell.snapshot()
    assert (result.exit_code, len(result.stdout.splitlines())) == (3, 1)
    assert "3 failed (not_found 2, malformed 1)" in result.stdout
    first, second = result.stderr.splitlines()
    assert first.startswith(f"not_found (2): {ids[0]}: HTTP 404")
    assert second.startswith(f"malformed (1): {ids[2]}: HTTP 200")


def test_time_held_by_the_limit_is_in_the_line(open_shell: OpenShell) -> None:
    """The line says how long the limit held the run."""
    result = open_shell(script=["rate_limited"]).snapshot("--concurrency", "1")
    assert result.exit_code == 0
    assert "1 s of them waiting for the limit" in result.stdout


def test_json_is_one_object_on_standard_output(shell: Shell) -> None:
    """`--json` prints the run's summary and nothing else, for programs."""
    result = shell.snapshot("--json")
    summary = summary_of(result.stdout)
    assert (result.exit_code, result.stderr, result.stdout.count("\n")) == (0, "", 1)
    assert summary.keys() == KEYS
    assert summary["loaded"] == [summary["run_id"]]
    assert (summary["staged"], summary["errors"], summary["interrupted"]) == ([], [], False)


def test_the_counts_of_the_summary_add_up(open_shell: OpenShell) -> None:
    """Every meeting is live, idle or failed, every failure has a kind, and the database says the same."""
    ids = meeting_ids()
    faults = {ids[0]: repeat("internal_error"), ids[1]: ["success_false"], ids[2]: ["unknown_meeting"]}
    shell = open_shell(by_meeting=faults)
    summary = shell.summary("--attempts", "2")
    assert summary["meetings"] == 40 == summary["live"] + summary["idle"] + summary["failed"]
    assert summary["failed"] == 3 == sum(summary["failures"].values())
    assert summary["requests"] == 41 == shell.api.app.state.requests
    columns = ("meetings", "live", "idle", "failed", "requests", "retries")
    stored = shell.rows(f"select {', '.join(columns)} from runs")  # noqa: S608  # its own columns
    assert stored == [tuple(summary[column] for column in columns)]


def test_instants_in_json_are_utc(shell: Shell) -> None:
    """They are ISO 8601 with a Z, so that every program reads them alike."""
    summary = shell.summary()
    started, finished = summary["started_at"], summary["finished_at"]
    assert started.endswith("Z")
    assert finished.endswith("Z")
    assert datetime.fromisoformat(started) < datetime.fromisoformat(finished)


def test_errors_are_in_the_json_and_on_standard_error(open_shell: OpenShell) -> None:
    """The reason why a run ended early is there for programs and for people."""
    result = open_shell(script=repeat("authentication")).snapshot("--json")
    (error,) = summary_of(result.stdout)["errors"]
    assert error["type"] == "TokenRejected"
    assert f"rtk-usage: {error['message']}\n" in result.stderr


@pytest.mark.parametrize("arguments", [["--quiet"], ["--quiet", "--slot", "2026-11-23T12:00:00Z"]])
def test_quiet_says_nothing_on_success(shell: Shell, arguments: list[str]) -> None:
    """A cron job without failures sends no mail."""
    result = shell.snapshot(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_quiet_is_not_silent_about_failures(open_shell: OpenShell) -> None:
    """`--quiet` leaves out the summary, but prints failures."""
    result = open_shell(by_meeting={meeting_ids()[0]: ["unknown_meeting"]}).snapshot("--quiet")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "not_found (1)" in result.stderr


def test_quiet_json_is_still_json(shell: Shell) -> None:
    """`--json` prints the object, and `--quiet` then only hides the progress."""
    assert summary_of(shell.snapshot("--quiet", "--json").stdout)["failed"] == 0


def test_verbose_logs_what_happens_to_every_meeting(open_shell: OpenShell) -> None:
    """Each meeting is on standard error, with the instant in UTC."""
    result = open_shell(by_meeting={meeting_ids()[0]: ["unknown_meeting"]}).snapshot("--verbose")
    assert [one for one in meeting_ids() if one not in result.stderr] == []


def test_a_terminal_shows_progress_on_standard_error(open_shell: OpenShell) -> None:
    """The bar counts to the last meeting and is then cleared. Standard output has only the summary."""
    shell = open_shell(latency=0.05)
    code, stdout, shown = on_terminal(shell, "snapshot", "meetings.txt", "--concurrency", "4")
    assert (code, stdout.count("\n")) == (0, 1)
    assert "40/40" in shown
    assert re.search(r"\d+ live, \d+ idle, 0 failed", shown)
    assert shown.rstrip().endswith("\x1b[2K")


def test_json_leaves_the_progress_on_the_terminal(open_shell: OpenShell) -> None:
    """The bar is on standard error, so that standard output has only the JSON."""
    code, stdout, shown = on_terminal(open_shell(latency=0.02), "snapshot", "meetings.txt", "--json")
    assert (code, summary_of(stdout)["meetings"]) == (0, 40)
    assert "40/40" in shown


def test_quiet_keeps_the_terminal_quiet(shell: Shell) -> None:
    """There is neither a bar nor a summary."""
    assert on_terminal(shell, "snapshot", "meetings.txt", "--quiet") == (0, "", "")


def test_the_terminal_says_when_the_limit_holds_the_run(open_shell: OpenShell) -> None:
    """A bar that stands still gives the reason, so that no user ends a run that only waits."""
    shell = open_shell(script=chain_of("ok", 8, "rate_limited", 4))
    code, _, shown = on_terminal(shell, "snapshot", "meetings.txt", "--concurrency", "4")
    assert code == 0
    assert re.search(r"waiting for the limit, at least \d+s left", shown)


def chain_of(first: str, first_count: int, second: str, second_count: int) -> list[str]:
    """So many of one, then so many of another."""
    return [first] * first_count + [second] * second_count


@pytest.mark.parametrize("redirect", [">&-", "2>&-"])
def test_a_closed_stream_stops_no_run(shell: Shell, redirect: str) -> None:
    """A run without standard output or standard error, as under some supervisors, is stored."""
    code, _, stderr = shell.process("snapshot", "meetings.txt", redirect=redirect)
    assert (code, "Traceback" in stderr) == (0, False)
    assert shell.rows("select count(*) from runs") == [(1,)]


def test_a_reader_that_leaves_early_gets_no_traceback(shell: Shell) -> None:
    """The run of `rtk-usage snapshot | head -0` is stored, without a message about the pipe."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with shell.start("snapshot", "meetings.txt", stdout=writer) as process:
            _, stderr = process.communicate(timeout=20)
    finally:
        os.close(writer)
    assert stderr == ""
    assert shell.rows("select count(*) from runs") == [(1,)]


def test_a_full_disk_behind_standard_output_gets_no_traceback(shell: Shell) -> None:
    """The run is stored, and a message says that its summary could not be printed."""
    with shell.start("snapshot", "meetings.txt", redirect=">/dev/full", stdout=subprocess.DEVNULL) as process:
        _, stderr = process.communicate(timeout=20)
    assert "Traceback" not in stderr
    assert shell.rows("select count(*) from runs") == [(1,)]
