from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import termios
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import meeting_ids, summary_of, umask, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import OpenShell, Shell


def test_a_snapshot_stores_every_active_session(shell: Shell) -> None:
    """A run without failures ends with 0, and the database holds one row per live meeting."""
    result = shell.snapshot()
    stored = {meeting_id for (meeting_id,) in shell.rows("select meeting_id from session_snapshots")}
    assert (result.exit_code, result.stderr) == (0, "")
    assert stored == set(shell.api.live())
    assert shell.staged() == []


def test_failures_end_with_3_and_do_not_stop_the_others(open_shell: OpenShell) -> None:
    """The rows of the other meetings are stored, and each failure is a row."""
    lost = meeting_ids()[:3]
    shell = open_shell(by_meeting={one: ["unknown_meeting"] for one in lost})
    result = shell.snapshot()
    assert result.exit_code == 3
    assert "not_found (3)" in result.stderr
    assert {one for (one,) in shell.rows("select meeting_id from fetch_failures")} == set(lost)
    assert shell.rows("select count(*) from session_snapshots") == [(len(shell.api.live().keys() - lost),)]


def test_a_refused_token_ends_with_77_and_names_the_permission(shell: Shell) -> None:
    """The message for a wrong token names the permission and the page to change it."""
    result = shell.snapshot(CLOUDFLARE_API_TOKEN="refused")  # noqa: S106  # no token of anybody
    assert result.exit_code == 77
    assert "permission Realtime" in result.stderr
    assert "https://dash.cloudflare.com" in result.stderr


@pytest.mark.parametrize("fault", ["authentication", "malformed_token", "missing_scope"])
def test_what_was_fetched_before_the_refusal_is_kept(open_shell: OpenShell, fault: str) -> None:
    """A token that is revoked in the middle of a run loses only the rest of the run, which counts as not asked."""
    shell = open_shell(script=chain(["ok"] * 12, repeat(fault)))
    result = shell.snapshot("--json", "--concurrency", "1")
    summary = summary_of(result.stdout)
    assert result.exit_code == 77
    assert (summary["live"] + summary["idle"], summary["failures"]) == (12, {"not_asked": 27, "unauthorized": 1})
    assert shell.rows("select count(*) from session_snapshots") == [(summary["live"],)]


def test_an_api_that_answers_nothing_ends_with_69(open_shell: OpenShell) -> None:
    """After fifty failures in a row the rest is not sent, and every meeting is a failure."""
    shell = open_shell(meetings=60, script=repeat("internal_error"))
    result = shell.snapshot("--attempts", "1", "--concurrency", "4")
    assert result.exit_code == 69
    assert "gives no valid answer" in result.stderr
    assert "https://www.cloudflarestatus.com" in result.stderr
    assert shell.api.app.state.requests < 60
    assert shell.rows("select count(*) from fetch_failures") == [(60,)]


def test_the_deadline_ends_the_fetch_and_keeps_the_rest(open_shell: OpenShell) -> None:
    """Meetings without an answer by then fail with `deadline`. The other rows are stored, and the run ends with 3."""
    late = meeting_ids()[:5]
    shell = open_shell(by_meeting={one: ["slow"] for one in late})
    result = shell.snapshot("--json", "--deadline", "1s")
    assert result.exit_code == 3
    assert summary_of(result.stdout)["failures"] == {"deadline": 5}
    assert shell.rows("select kind, count(*) from fetch_failures group by all") == [("deadline", 5)]
    assert shell.rows("select count(*) from session_snapshots") == [(len(shell.api.live().keys() - late),)]


def test_a_slot_that_is_complete_is_not_asked_for_again(shell: Shell) -> None:
    """A second run of the same slot sends and stores nothing. Its summary gives the reason and it succeeds."""
    slot = ("--slot", "2026-11-23T12:00:00Z")
    shell.snapshot(*slot)
    asked = shell.api.app.state.requests
    result = shell.snapshot(*slot)
    assert (result.exit_code, result.stderr, shell.api.app.state.requests) == (0, "", asked)
    assert "40 already known in this slot" in result.stdout
    assert shell.rows("select count(*) from runs") == [(1,)]


def test_a_complete_slot_says_nothing_that_cron_would_mail(shell: Shell) -> None:
    """A run without requests writes nothing to standard error, with a deadline or without."""
    arguments = ("--slot", "2026-11-23T12:00:00Z", "--deadline", "1m")
    shell.snapshot(*arguments)
    code, _, stderr = shell.process("snapshot", "meetings.txt", *arguments)
    assert (code, stderr) == (0, "")


def test_a_slot_with_failures_is_mended_by_running_it_again(open_shell: OpenShell) -> None:
    """Only failed meetings are asked for again, and the slot is then complete."""
    shell = open_shell(by_meeting={one: ["unknown_meeting"] for one in meeting_ids()[:3]})
    slot = ("--slot", "2026-11-23T12:00:00Z")
    assert shell.snapshot(*slot).exit_code == 3
    again = shell.summary(*slot)
    assert (again["meetings"], again["already_resolved"], again["failed"]) == (3, 37, 0)
    stored = {meeting_id for (meeting_id,) in shell.rows("select meeting_id from session_snapshots")}
    assert stored == set(shell.api.live())


def test_the_list_can_come_from_standard_input(shell: Shell) -> None:
    """`-` reads IDs from a pipe, one per line, with comments."""
    requested = meeting_ids()[:2]
    result = shell.run("snapshot", "-", "--json", stdin="# mine\n" + "\n".join(requested) + "\n")
    assert (result.exit_code, summary_of(result.stdout)["meetings"]) == (0, 2)
    assert set(shell.api.app.state.requests_by_meeting) == set(requested)


def test_lines_that_are_no_ids_stop_nothing(shell: Shell) -> None:
    """They are failures with their line number. The run ends with 3, and the other meetings are fetched."""
    result = shell.run("snapshot", "-", stdin=f"not an id\n{meeting_ids()[0]}\n")
    assert result.exit_code == 3
    assert "invalid_id (1): not an id: line 1" in result.stderr
    assert shell.rows("select kind, line from fetch_failures") == [("invalid_id", 1)]


def test_repeats_in_the_list_are_said(shell: Shell) -> None:
    """A repeated meeting is fetched once, and the summary says so."""
    one = meeting_ids()[0]
    result = shell.run("snapshot", "-", stdin=f"{one}\n{one}\n")
    assert "1 repeated in the list" in result.stdout
    assert shell.api.app.state.requests == 1


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("absent.txt", None, "No such file or directory"),
        (".", None, "Is a directory"),
        ("empty.txt", b"# nothing yet\n", "the meeting list is empty"),
        ("list.xlsx", b"PK", "expected .txt, .csv"),
        ("list.csv", b"name,title\n1,2\n", "column meeting_id is missing"),
        ("list.parquet", b"not a table", "not valid Parquet"),
        ("bad.txt", b"a b\nc d\n", "none of its 2 lines is a valid meeting ID"),
    ],
)
def test_a_list_that_cannot_be_used_ends_with_78(shell: Shell, name: str, content: bytes | None, why: str) -> None:
    """The message names the list and the problem, and nothing is sent."""
    meetings = shell.directory / name
    if content is not None:
        meetings.write_bytes(content)
    result = shell.run("snapshot", str(meetings))
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (78, "", 0)
    assert str(meetings) in result.stderr
    assert why in result.stderr


def test_an_empty_standard_input_ends_with_78(shell: Shell) -> None:
    """An empty pipe is an error, not an empty list."""
    result = shell.run("snapshot", "-", stdin="")
    assert result.exit_code == 78
    assert "standard input" in result.stderr


def test_a_closed_standard_input_ends_with_78(shell: Shell) -> None:
    """`rtk-usage snapshot - <&-` has no list to read. It ends with a message, not with a traceback."""
    code, _, stderr = shell.process("snapshot", "-", redirect="<&-")
    assert (code, "Traceback" in stderr) == (78, False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_standard_input_can_be_ended(shell: Shell, number: signal.Signals) -> None:
    """Ctrl-C ends `rtk-usage snapshot -` while it waits for a list."""
    with shell.start("snapshot", "-", stdin=subprocess.PIPE) as process:
        assert process.stdin
        pipe = process.stdin.fileno()
        os.write(pipe, b"the-first-of-a-list\n")
        until(lambda: fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) == bytes(4))  # it has been read
        process.send_signal(number)
        assert process.wait(timeout=3) in {128 + number, -number}


def test_a_file_that_is_no_database_is_left_alone(shell: Shell) -> None:
    """A wrong --database ends with 78 and changes nothing in that file."""
    meetings = shell.directory / "meetings.txt"
    before = meetings.read_bytes()
    result = shell.snapshot("--database", str(meetings))
    assert result.exit_code == 78
    assert "is not a DuckDB database" in result.stderr
    assert meetings.read_bytes() == before


def test_a_database_that_cannot_be_made_ends_with_74(shell: Shell) -> None:
    """The message names the path and the way out, before anything is sent."""
    result = shell.snapshot("--database", str(shell.directory / "meetings.txt" / "usage.duckdb"))
    assert (result.exit_code, shell.api.app.state.requests) == (74, 0)
    assert "Not a directory" in result.stderr


def test_a_database_whose_name_is_not_utf_8_is_used_or_refused(shell: Shell) -> None:
    """A name from an old file system gives a message before the fetch, not a traceback after it."""
    code, _, stderr = shell.process(
        "snapshot", "meetings.txt", "--database", b"caf\xe9.duckdb".decode(errors="surrogateescape")
    )
    assert "Traceback" not in stderr
    assert code in {0, 2, 74, 78}


def test_the_database_is_its_owners_alone(shell: Shell) -> None:
    """The database shows who met when, so only its owner can read it, whatever the umask."""
    with umask(0o022):
        shell.snapshot()
    assert mode(shell.database) == 0o600
    assert mode(shell.staging) == 0o700
    assert [oct(mode(file)) for file in shell.staging.iterdir() if mode(file) != 0o600] == []


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)
