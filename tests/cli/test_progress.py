"""What a run shows on a terminal: the plan, the progress bar, and the summary."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell, Shell

COLUMNS, LINES = 160, 24  # wide enough for the lines of the plan


def on_terminal(shell: Shell, *arguments: str) -> tuple[str, list[str]]:
    """Run a command on a terminal. Return everything that it sent, and the lines that stay on the screen."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    variables: dict[str, str | None] = {"TERM": "xterm-256color", "NO_COLOR": None}
    sent = bytearray()
    try:
        with shell.start(*arguments, stdout=end, stderr=end, variables=variables) as process:
            os.close(end)
            while chunk := _read(terminal):
                sent += chunk
            assert process.wait(20) == 0
    finally:
        os.close(terminal)
    screen = pyte.HistoryScreen(COLUMNS, LINES)
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


def test_a_wait_for_the_limit_counts_down_the_time_that_is_left(open_shell: OpenShell) -> None:
    """The plan knows the time, so that nobody ends a run that only waits."""
    sent, lines = on_terminal(open_shell(), "snapshot", "meetings.txt", "--via", "meetings", "--rate", "30/3s")
    left = re.findall(r"waiting for the limit, at least (\d)s left", sent)
    assert left == sorted(left, reverse=True)
    assert {"1", "2"} <= set(left) <= {"1", "2", "3"}
    assert lines[-1].endswith(".duckdb")


def test_without_a_terminal_there_is_no_bar(shell: Shell) -> None:
    """Cron and pipes get the summary alone."""
    code, stdout, stderr = shell.process("snapshot", "meetings.txt")
    assert (code, stdout.count("\n"), stderr) == (0, 1, "")
