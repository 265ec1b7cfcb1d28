"""What a run shows on a terminal: the plan, the progress bar, and the summary."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

import pyte
import pytest

from etl.cli.progress import ProgressBar
from etl.values.fetch import FetchCounts
from tests.realtimekit.limit.plan_case import plan

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell, Shell

COLUMNS, LINES = 160, 24  # wide enough for the lines of the plan
# The world's clock stands in November, the process's does not.
RECONCILE = ("reconcile", "--since", "2026-11-01T00:00Z")


def on_terminal(
    shell: Shell, *arguments: str, columns: int = COLUMNS, stdout: int | None = None
) -> tuple[str, list[str]]:
    """Run a command on a terminal. Return everything that it sent, and the lines that stay on the screen."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    variables: dict[str, str | None] = {"TERM": "xterm-256color", "NO_COLOR": None, "COLUMNS": ""}
    sent = bytearray()
    try:
        with shell.start(*arguments, stdout=stdout or end, stderr=end, variables=variables) as process:
            os.close(end)
            while chunk := _read(terminal):
                sent += chunk
            assert process.wait(20) == 0
    finally:
        os.close(terminal)
    screen = pyte.HistoryScreen(columns, LINES)
    pyte.ByteStream(screen).feed(bytes(sent))
    assert not screen.history.top
    return sent.decode(), [line.rstrip() for line in screen.display if line.strip()]


def _read(terminal: int) -> bytes:
    """Read what the terminal was sent. Linux reports an error once the other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_the_plan_stands_above_the_summary_and_the_bar_is_gone(open_shell: OpenShell) -> None:
    """No frame of the bar stays on the screen."""
    sent, lines = on_terminal(
        open_shell(latency=0.05), "snapshot", "meetings.txt", "--via", "meetings", "--concurrency", "4"
    )
    assert "40/40" in sent
    assert [line.split()[0] for line in lines[:3]] == ["plan:", "cost:", "limit:"]
    assert re.fullmatch(r"\S+ 40 meetings: \d+ live, \d+ idle, 0 failed; via meetings; .*", "".join(lines[3:]))
    assert sum("━" in line for line in lines) == 0


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("option", [["--dry-run"], []])
def test_the_plan_is_wrapped_to_the_terminal(shell: Shell, option: list[str], columns: int) -> None:
    """No word is broken, and the rest of a line is below its first word. Pipes get three lines."""
    piped = shell.snapshot("--dry-run").stdout.splitlines()
    _, lines = on_terminal(shell, "snapshot", "meetings.txt", *option, columns=columns)
    wrapped = "\n".join(lines).partition("\n20")[0]
    assert wrapped.replace("\n" + " " * 7, " ").splitlines()[:3] == piped
    assert len(wrapped.splitlines()) > 3


def test_the_plan_is_wrapped_to_the_terminal_of_standard_error(shell: Shell) -> None:
    """The summary goes into a file meanwhile."""
    _, lines = on_terminal(shell, "snapshot", "meetings.txt", columns=60, stdout=subprocess.DEVNULL)
    assert [line.split()[0] for line in lines if line[0] != " "] == ["plan:", "cost:", "limit:"]
    assert max(map(len, lines)) <= 60 < sum(map(len, lines[:2]))


def test_a_wait_for_the_limit_counts_down_the_time_that_is_left(open_shell: OpenShell) -> None:
    """The plan knows the time, so that nobody ends a run that only waits."""
    sent, lines = on_terminal(open_shell(), "snapshot", "meetings.txt", "--via", "meetings", "--rate", "30/3s")
    left = re.findall(r"waiting for the limit, at least (\d)s left", sent)
    assert left == sorted(left, reverse=True)
    assert {"1", "2"} <= set(left) <= {"1", "2", "3"}
    assert lines[-1].endswith(".duckdb")


@pytest.mark.parametrize(
    ("arguments", "noun"),
    [
        ((*RECONCILE, "--page-size", "30"), "ended session"),
        (("snapshot", "--all-meetings", "--page-size", "4"), "live session"),
    ],
)
def test_without_a_total_the_bar_counts_sessions_and_requests(
    open_shell: OpenShell, arguments: tuple[str, ...], noun: str
) -> None:
    """Nobody knows how many there are, so the numbers only grow. The bar is gone in the end."""
    sent, lines = on_terminal(open_shell(latency=0.15), *arguments)
    counted = re.findall(rf"(\d+) {noun}s?, (\d+) request", sent)
    sessions, requests = ([int(number) for number in numbers] for numbers in zip(*counted, strict=True))
    assert (sessions, requests) == (sorted(sessions), sorted(requests))
    assert len(set(sessions)) > 2
    assert f" {sessions[-1]} " in "".join(lines)
    assert sum("━" in line for line in lines) == 0


def test_a_reconciliation_says_how_long_it_waits_for_the_limit(open_shell: OpenShell) -> None:
    """The text fits a terminal of 80 columns."""
    sent, _ = on_terminal(open_shell(), *RECONCILE, "--page-size", "50", "--rate", "16/3s", columns=80)
    left = re.findall(r"\d+ ended sessions, waiting for the limit, at least (\d)s left \S*0:00:0", plain(sent))
    assert {"1", "2"} <= set(left) <= {"1", "2", "3"}


@pytest.mark.parametrize("columns", [80, 200])
def test_the_longest_text_of_a_bar_fits_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Thousands of sessions and a pause of minutes are not cut."""
    like_a_terminal(monkeypatch, columns)
    bar = ProgressBar("ended session")
    bar.start()
    show_all(bar, [FetchCounts(sessions=12_345, requests=124, pause_seconds_left=299)])
    assert "12,345 ended sessions, waiting for the limit, at least 4m59s left 0:00:00" in plain(capsys.readouterr().err)


def test_the_last_outcome_is_always_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar is not drawn for each of a thousand outcomes at once, but it is for the last."""
    like_a_terminal(monkeypatch, 80)
    monkeypatch.setenv("NO_COLOR", "1")  # without colors, only the part that is done is drawn
    bar = ProgressBar("live session")
    bar.start(plan(1000))
    show_all(bar, [FetchCounts(meetings=1000, idle=done, requests=done) for done in range(1, 1001)])
    shown = plain(capsys.readouterr().err)
    assert f"{'━' * 20} 1000/1000 0 live, 1000 idle, 0 failed" in shown
    assert shown.count("/1000 ") < 20


def like_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Let rich draw on a captured stream as on a terminal."""
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", str(columns))):
        monkeypatch.setenv(name, value)


def show_all(bar: ProgressBar, counts: list[FetchCounts]) -> None:
    """Show counts one after the other, and stop the bar."""
    for one in counts:
        bar.show(one)
    bar.stop()


def plain(sent: str) -> str:
    """Remove the control sequences from what a terminal was sent."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", sent)


@pytest.mark.parametrize("arguments", [("snapshot", "meetings.txt"), RECONCILE])
def test_quietly_a_terminal_shows_nothing(shell: Shell, arguments: tuple[str, ...]) -> None:
    """Neither a bar nor a summary."""
    assert on_terminal(shell, *arguments, "--quiet") == ("", [])


@pytest.mark.parametrize("arguments", [("snapshot", "meetings.txt"), RECONCILE])
def test_without_a_terminal_there_is_no_bar(shell: Shell, arguments: tuple[str, ...]) -> None:
    """Cron and pipes get the summary alone."""
    code, stdout, stderr = shell.process(*arguments)
    assert (code, stdout.count("\n"), stderr) == (0, 1, "")
