from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from etl.simulator.app import TOKEN, create_app, create_demo_app
from etl.simulator.clock import FastClock
from etl.simulator.server import run_forever, serve, serve_in_process
from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    from etl.simulator.clock import SimulatedClock

CHECKOUT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from etl.cli.simulate import simulate; simulate()"]


def test_a_served_simulator_leaves_nothing_behind(clock: SimulatedClock) -> None:
    """The simulator answers when the block begins; after the block there is neither a thread nor a socket."""
    before = threading.enumerate()  # another test's simulator may be serving a whole module
    with serve(create_app(World(), now=clock.now)) as running:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/client/v4", running.base_url)
        assert httpx.get(f"{running.base_url}/", trust_env=False).status_code == 400
        assert running.app.state.requests == 1
    assert [thread for thread in threading.enumerate() if thread.name == "simulator" and thread not in before] == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.base_url, trust_env=False)


def test_a_process_of_its_own_serves_the_demo_by_a_shared_clock() -> None:
    """The server's process goes by the clock of this process, and ends with the block."""
    world = World(live_share=1.0)
    clock = FastClock(DEFAULT_EPOCH, speed=1.0)
    make_app = partial(create_demo_app, world, clock, share=0.0, seed=1, slow_seconds=0.1)
    with serve_in_process(make_app) as base_url:
        clock.set(DEFAULT_EPOCH + timedelta(days=1))
        url = f"{base_url}/accounts/{world.account_id}/realtime/kit/{world.app_id}/analytics/daywise"
        answer = httpx.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
        days = answer.json()["data"]["session_stats"]["day_stats"]
        assert (days[-1]["day"], days[-2]["total_sessions"] > 0) == ("2026-01-06T00:00:00.000Z", True)
    with pytest.raises(httpx.ConnectError):
        httpx.get(base_url, trust_env=False)


def test_serving_ends_with_a_signal_and_restores_the_handlers(clock: SimulatedClock) -> None:
    """A signal ends the server, even during the announcement; afterwards the signal has its old handler."""
    before = signal.getsignal(signal.SIGTERM)
    announced: list[str] = []

    def announce(base_url: str) -> None:
        announced.append(base_url)
        signal.raise_signal(signal.SIGTERM)

    run_forever(create_app(World(), now=clock.now), 0, announce=announce)
    assert announced[0].startswith("http://127.0.0.1:")
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    """The command prints the variables a client needs; Ctrl-C and SIGTERM end it with 0 and without a message."""
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
