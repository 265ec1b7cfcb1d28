from __future__ import annotations

import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from etl.cli import cli
from tests.cli.conftest import until

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def simulate(*options: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["simulate", *options], prog_name="rtk-usage", catch_exceptions=False)


def answers(url: str) -> bool:
    """Return True if a server answers at this URL."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


@pytest.mark.parametrize("written", [True, False])
def test_it_says_how_to_use_it_and_serves_until_ctrl_c(tmp_path: Path, *, written: bool) -> None:
    """The exports can be pasted into a shell, and the meeting IDs are in the named file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base_url = f"http://127.0.0.1:{port}/client/v4"

    def press_ctrl_c() -> None:
        until(lambda: answers(base_url))  # from then on the signal is the command's
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press_ctrl_c)
    presser.start()
    ids = tmp_path / "ids.txt"
    result = simulate("--port", str(port), "--meetings", "3", *(["--write-meetings", str(ids)] if written else []))
    presser.join()
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"export CLOUDFLARE_API_BASE_URL={base_url}\n" in result.stdout
    assert (str(ids) if written else "--write-meetings FILE") in result.stdout
    assert (len(ids.read_text(encoding="utf-8").split()) if written else 3) == 3


@pytest.mark.parametrize(("options", "has_zeros"), [((), True), (("--booking", "steady"), False)])
def test_minutes_are_booked_on_leaving_or_steadily(options: tuple[str, ...], *, has_zeros: bool) -> None:
    """By default a live session in which nobody has left yet shows 0 minutes; booked steadily, its minutes grow."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base_url = f"http://127.0.0.1:{port}/client/v4"
    minutes: list[float] = []

    def read_live_sessions() -> None:
        until(lambda: answers(base_url))
        url = f"{base_url}/accounts/simulated-account/realtime/kit/simulated-app/sessions?status=LIVE&per_page=100"
        request = urllib.request.Request(url, headers={"Authorization": "Bearer simulated-token"})  # noqa: S310  # loopback
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            minutes.extend(one["minutes_consumed"] for one in json.load(answer)["data"]["sessions"])
        os.kill(os.getpid(), signal.SIGINT)

    reader = threading.Thread(target=read_live_sessions)
    reader.start()
    result = simulate("--port", str(port), "--meetings", "90", "--live", "1", *options)
    reader.join()
    assert result.exit_code == 0
    assert len(minutes) > 60
    assert (minutes.count(0) > 3) is has_zeros


def test_a_port_that_is_taken_ends_with_78() -> None:
    """The message names the port and another way."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = simulate("--port", str(port))
    assert result.exit_code == 78
    assert f"Port {port} can't be served" in result.stderr
    assert "0 for a free one" in result.stderr


def test_a_list_that_cannot_be_written_ends_with_78(tmp_path: Path) -> None:
    """The message names the file."""
    file = tmp_path / "absent" / "ids.txt"
    result = simulate("--port", "0", "--write-meetings", str(file))
    assert result.exit_code == 78
    assert str(file) in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--quota", "1200", "write requests and a window, like 1200/300s"),
        ("--quota", "0/300s", "from 1 to"),
        ("--live", "1.5", "not in the range"),
        ("--live", "nan", "not a finite number"),
        ("--booking", "late", "is not one of"),
        ("--faults", "-1", "not in the range"),
        ("--latency", "inf", "not a finite number"),
        ("--meetings", "-1", "not in the range"),
        ("--port", "70000", "not in the range"),
    ],
)
def test_a_wrong_option_is_a_wrong_call(option: str, value: str, problem: str) -> None:
    """A value that is not valid ends with 2; the message names the option and the problem."""
    result = simulate(option, value)
    assert result.exit_code == 2
    assert option in result.stderr
    assert problem in result.stderr
