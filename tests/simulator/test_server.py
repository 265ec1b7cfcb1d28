from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from click.testing import CliRunner

from etl.cli.simulate import simulate
from etl.errors import ConfigError
from etl.simulator.app import create_app
from etl.simulator.server import run_forever, serve
from etl.simulator.world import World

if TYPE_CHECKING:
    from click.testing import Result

    from etl.simulator.clock import SimulatedClock

CHECKOUT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from etl.cli.simulate import simulate; simulate()"]


def run(*arguments: str) -> Result:
    """Run the command where it is expected not to get as far as serving."""
    return CliRunner().invoke(simulate, arguments)


def test_a_served_simulator_leaves_nothing_behind(clock: SimulatedClock) -> None:
    """It answers as soon as the block begins; after it neither thread nor socket is there."""
    before = threading.enumerate()  # another test's simulator may be serving a whole module
    with serve(create_app(World(), now=clock.now)) as running:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/client/v4", running.base_url)
        assert httpx.get(f"{running.base_url}/", trust_env=False).status_code == 400
        assert running.app.state.requests == 1
    assert [thread for thread in threading.enumerate() if thread.name == "simulator" and thread not in before] == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.base_url, trust_env=False)


def test_a_port_can_be_chosen_and_must_be_free(clock: SimulatedClock) -> None:
    """The port is the one asked for; if it is taken, starting fails."""
    app = create_app(World(), now=clock.now)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serve(app, port=port) as running:
        assert f":{port}/" in running.base_url
        with pytest.raises(OSError, match="in use"), serve(app, port=port):
            pytest.fail("two servers on one port")


def test_serving_for_ever_ends_with_a_signal_and_puts_the_handlers_back(clock: SimulatedClock) -> None:
    """A signal that comes as early as the announcement ends it; afterwards signals mean what they did."""
    before = signal.getsignal(signal.SIGTERM)
    announced: list[str] = []

    def announce(base_url: str) -> None:
        announced.append(base_url)
        signal.raise_signal(signal.SIGTERM)

    run_forever(create_app(World(), now=clock.now), 0, announce=announce)
    assert announced[0].startswith("http://127.0.0.1:")
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    """What it prints is what a shell needs to call it; Ctrl-C and SIGTERM end it with 0 and no words."""
    ids = tmp_path / "ids.txt"
    options = [
        "--port",
        "0",
        "--meetings",
        "7",
        "--live",
        "1",
        "--token",
        "a b",
        "--write-meetings",
        str(ids),
    ]
    command = [*COMMAND, *options, "--quota", "50/60s"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        lines = [process.stdout.readline() for _ in range(9)]
        exports = dict(re.findall(r"^export (\w+)='?(.*?)'?$", "".join(lines), re.MULTILINE))
        meeting_ids = ids.read_text(encoding="utf-8").split()
        answer = httpx.get(
            f"{exports['CLOUDFLARE_API_BASE_URL']}/accounts/{exports['CLOUDFLARE_ACCOUNT_ID']}/realtime/kit/"
            f"{exports['REALTIMEKIT_APP_ID']}/meetings/{meeting_ids[0]}/active-session",
            headers={"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"},
            trust_env=False,
        )
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert (answer.status_code, answer.json()["data"]["associated_id"]) == (200, meeting_ids[0])
    assert answer.headers["ratelimit-policy"] == '"default";q=50;w=60'
    assert (len(meeting_ids), process.returncode, rest, errors) == (7, 0, "", "")
    assert str(ids) in lines[-1]


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--quota", "1200", "write requests/seconds, as in 1200/300s"),
        ("--quota", "0/300s", "must be at least 1"),
        ("--live", "1.5", "not in the range"),
        ("--live", "nan", "not a finite number"),
        ("--faults", "-1", "not in the range"),
        ("--latency", "inf", "not a finite number"),
        ("--meetings", "-1", "not in the range"),
        ("--port", "70000", "not in the range"),
    ],
)
def test_a_bad_option_is_a_usage_error(option: str, value: str, problem: str) -> None:
    """Click's exit code 2, and words that name the option and the mistake."""
    result = run(option, value)
    assert result.exit_code == 2
    assert option in result.output
    assert problem in result.output


def test_a_taken_port_is_said_with_a_way_out() -> None:
    """A port that is taken is a wrong setting, and the message names another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("--port", str(taken.getsockname()[1]))
    assert isinstance(result.exception, ConfigError)
    assert "0 for a free one" in str(result.exception)


def test_a_meeting_list_that_can_not_be_written_is_a_wrong_setting(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    path = tmp_path / "missing" / "ids.txt"
    result = run("--port", "0", "--write-meetings", str(path))
    assert isinstance(result.exception, ConfigError)
    assert str(path) in str(result.exception)


def test_without_the_extra_the_command_says_what_to_install() -> None:
    """Starlette and uvicorn are an extra: where they are missing, one line says how to get them."""
    script = (
        "import sys; sys.modules['starlette'] = None\n"
        "from etl.cli.simulate import simulate\n"
        "from etl.errors import ConfigError\n"
        "try: simulate(['--port', '0'], standalone_mode=False)\n"
        "except ConfigError as error: print(error)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert 'pip install "realtimekit-usage[simulator]"' in done.stdout
