"""Reconciliations as separate processes: killed at any point, and beside snapshots that load at the same moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb

from etl.simulator.app import TOKEN
from tests.chaos import processes
from tests.conftest import START

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    from tests.conftest import Api

KILLS = 12
ROUNDS = 4
NO_LIMIT = ("--rate", "1000000/1s")
# What a run leaves on the disk on its way, by the phase that then begins, and how long that phase takes at most.
PHASES = {
    "staging": ("usage.duckdb.staged/*.partial-reconcile", 0.01),
    "loading": ("usage.duckdb.staged/????????-????-7*-????????????", 0.08),
}


def start(api: Api, directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command as cron does."""
    return subprocess.Popen(
        [sys.executable, "-m", "etl", *arguments, *NO_LIMIT],
        env=os.environ | variables(api, directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def variables(api: Api, directory: Path) -> dict[str, str]:
    """Return the variables of a job."""
    return {
        "CLOUDFLARE_API_BASE_URL": api.base_url,
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_ACCOUNT_ID": api.world.account_id,
        "REALTIMEKIT_APP_ID": api.world.app_id,
        "RTK_USAGE_DATABASE": str(directory / "usage.duckdb"),
    }


def since(api: Api) -> tuple[str, str]:
    """Return the option for the last day of the world, whose clock is not the clock of the process."""
    return "--since", (api.clock.now() - timedelta(days=1)).isoformat()


def truth(api: Api) -> list[tuple[str, float]]:
    """Return the sessions that ended in that day."""
    now = api.clock.now()
    ended = api.world.sessions(now, "ENDED", since=now - timedelta(days=1))
    return sorted((one.id, one.minutes_consumed(now)) for one in ended)


def rows(directory: Path, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with duckdb.connect(directory / "usage.duckdb", read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_killed_at_any_point_it_loses_nothing_and_doubles_nothing(api: Api, tmp_path: Path) -> None:
    """The next run completes whatever SIGKILL interrupts."""
    seed = random.SystemRandom().randrange(2**32)
    generator, kills, tries = random.Random(seed), Counter[str](), 0
    folder, output = tmp_path / "job", tmp_path / "output.txt"
    folder.mkdir()
    while kills.total() < KILLS or not kills.keys() >= PHASES.keys():
        tries += 1
        arguments = ["reconcile", *since(api), "--page-size", "20", *NO_LIMIT]
        run = processes.start(arguments, variables(api, folder), output)
        phase = wait(run, folder, generator)
        run.kill()
        run.join()
        assert run.exitcode in {0, -signal.SIGKILL}, output.read_text()
        kills.update([phase] if run.exitcode == -signal.SIGKILL else [])
        assert tries < 5 * KILLS, f"seed {seed}: the kills hit too few phases: {kills}"
    last = start(api, folder, "reconcile", *since(api))
    assert last.communicate()[1] == ""
    found = rows(folder, "select session_id, minutes_consumed from session_finals order by all")
    assert found == truth(api), f"seed {seed}, kills {kills}"
    assert rows(folder, "select count(*) = count(distinct (app_id, day)) from daily_totals") == [(True,)]
    assert [path.name for path in (folder / "usage.duckdb.staged").iterdir()] == ["reconcile.lock"]
    assert sorted(path.name for path in folder.iterdir()) == ["usage.duckdb", "usage.duckdb.staged"]


def wait(run: ForkServerProcess, directory: Path, generator: random.Random) -> str:
    """Wait for the moment of the kill, or the end of the run. Return the phase."""
    phase = generator.choice(["any", "staging", "loading", "loading"])
    until = time.monotonic() + generator.uniform(0, 0.4)
    while run.is_alive():
        if phase == "any" and time.monotonic() >= until:
            break
        if phase != "any" and any(directory.glob(PHASES[phase][0])):
            time.sleep(generator.uniform(0, PHASES[phase][1]))
            break
        time.sleep(0.0005)
    return phase


def test_snapshots_and_reconciliations_run_side_by_side(api: Api, tmp_path: Path) -> None:
    """Both create the database and load all staged runs. No run fails, and no run is loaded twice."""
    api.write_list(tmp_path / "meetings.txt")
    snapshots = 0
    for number in range(ROUNDS):
        slot = (START + timedelta(hours=number)).isoformat()
        commands = [("reconcile", *since(api)), ("snapshot", str(tmp_path / "meetings.txt"), "--slot", slot)]
        runs = [start(api, tmp_path, *arguments) for arguments in commands]
        for run in runs:
            stdout, stderr = run.communicate(timeout=60)
            assert (run.returncode, stderr) == (0, "")
            assert "; in " in stdout
        snapshots += len(api.live())
        api.clock.advance(timedelta(hours=1))
    assert rows(tmp_path, "select kind, count(*) from runs group by all order by all") == [
        ("reconcile", ROUNDS),
        ("snapshot", ROUNDS),
    ]
    assert rows(tmp_path, "select count(*), count(distinct (slot, meeting_id)) from session_snapshots") == [
        (snapshots, snapshots)
    ]
    assert rows(tmp_path, "select count(*) = count(distinct session_id) from session_finals") == [(True,)]
    assert sorted(path.name for path in (tmp_path / "usage.duckdb.staged").iterdir()) == ["reconcile.lock", "run.lock"]
