"""The job is killed at any point and run again: every slot has all rows, and no row twice."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from etl.simulator.app import TOKEN
from etl.store.database import open_database
from tests.chaos.processes import start
from tests.conftest import START

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    from tests.conftest import Api

KILLS = 56
FIRST_KILLS = 4
# What a run leaves on the disk on its way, by the phase that then begins, and how long that phase takes at most. Some
# kills wait for one of these, since by the clock alone few would hit it.
PHASES = {
    "making the database": ("usage.duckdb.new", 0.03),
    "staging": ("usage.duckdb.staged/*.partial", 0.01),
    "loading": ("usage.duckdb.staged/????????-????-7*-????????????", 0.08),
}


class Cron:
    """A cron that starts the job, and sometimes kills it with SIGKILL."""

    def __init__(self, api: Api, directory: Path, generator: random.Random) -> None:
        self.database = directory / "usage.duckdb"
        self.kills: Counter[str] = Counter()
        self._directory = directory
        self._output = directory.with_name("output.txt")
        self._generator = generator
        directory.mkdir()
        self._list = api.write_list(directory / "meetings.txt")
        self._seconds = 1.0  # what a run takes; measured with every run that ends by itself
        self._environment = {
            "CLOUDFLARE_API_BASE_URL": api.base_url,
            "CLOUDFLARE_API_TOKEN": TOKEN,
            "CLOUDFLARE_ACCOUNT_ID": api.world.account_id,
            "REALTIMEKIT_APP_ID": api.world.app_id,
        }

    def take(self, slot: datetime, *, is_killed: bool) -> bool:
        """Run once for a slot. Return True if the run ended with exit code 0."""
        command = [
            "snapshot",
            self._list,
            "--database",
            self.database,
            "--slot",
            slot.isoformat(),
            "--concurrency",
            "4",
            "--rate",
            "1000000/1s",  # this API has no limit: a hundred runs in a minute must not wait for one
        ]
        started = time.monotonic()
        run = start([*map(str, command)], self._environment, self._output)
        phase = self._wait(run) if is_killed else None
        if phase is not None:
            run.kill()
        run.join()
        if run.exitcode == -signal.SIGKILL:
            self.kills[phase or ""] += 1
            return False
        assert run.exitcode == 0, self._output.read_text()
        self._seconds = time.monotonic() - started
        return True

    def _wait(self, run: ForkServerProcess) -> str | None:
        """Wait for the moment of the kill. Return its phase, or None if the run ended before."""
        phases = ["any", "staging", "loading", "loading"]
        if not self.database.exists() and self.kills.total() < FIRST_KILLS:
            phases = ["making the database"]  # which only the first slot sees
        phase = self._generator.choice(phases)
        until = time.monotonic() + self._generator.uniform(0, 1.05) * self._seconds
        while run.is_alive():
            if phase == "any" and time.monotonic() >= until:
                return phase
            if phase != "any" and any(self._directory.glob(PHASES[phase][0])):
                time.sleep(self._generator.uniform(0, PHASES[phase][1]))
                return phase
            time.sleep(0.0005)
        return None


def test_a_job_that_is_killed_again_and_again_stores_every_slot_exactly_once(api: Api, tmp_path: Path) -> None:
    """The next run of the slot completes whatever SIGKILL interrupts."""
    seed = random.SystemRandom().randrange(2**32)
    folder = tmp_path / "job"
    cron = Cron(api, folder, random.Random(seed))
    truth: set[tuple[object, ...]] = set()
    slot = START
    while cron.kills.total() < KILLS:
        truth |= rows_of(api, slot)
        while not cron.take(slot, is_killed=True):
            pass
        slot += timedelta(hours=1)
        api.clock.set(slot)
    assert stored(cron.database) == sorted(truth, key=repr), f"seed {seed}, kills {cron.kills}"
    assert unresolved(cron.database, api) == 0, f"seed {seed}, kills {cron.kills}"
    phases = {"making the database", "staging", "loading"}
    assert cron.kills.keys() >= phases, f"seed {seed}: the kills hit too few phases: {cron.kills}"
    assert [path.name for path in (folder / "usage.duckdb.staged").iterdir()] == ["run.lock"]
    assert sorted(path.name for path in folder.iterdir()) == ["meetings.txt", "usage.duckdb", "usage.duckdb.staged"]


def rows_of(api: Api, slot: datetime) -> set[tuple[object, ...]]:
    """Return the true rows of a slot."""
    return {
        (slot, meeting_id, session["id"], session["live_participants"], session["minutes_consumed"])
        for meeting_id, session in api.live().items()
    }


def stored(database: Path) -> list[tuple[object, ...]]:
    """Return all rows of the database. A row that is stored twice is listed twice."""
    with open_database(database) as connection:
        query = "select slot, meeting_id, session_id, live_participants, minutes_consumed from session_snapshots"
        return sorted(pl.DataFrame(connection.sql(query)).rows(), key=repr)


def unresolved(database: Path, api: Api) -> int:
    """Return the number of meetings that have no outcome in a slot except failed."""
    with open_database(database) as connection:
        query = "select slot, count(distinct meeting_id) from outcomes where outcome <> 'failed' group by slot"
        slots: list[tuple[object, int]] = pl.DataFrame(connection.sql(query)).rows()
    return sum(api.world.meetings - resolved for _, resolved in slots)


def test_a_run_that_is_not_killed_needs_one_attempt(serve_api: Callable[..., Api], tmp_path: Path) -> None:
    """This tests the harness: without kills, every slot needs one run."""
    api = serve_api(meetings=5)
    cron = Cron(api, tmp_path / "job", random.Random(1))
    assert cron.take(START, is_killed=False)
    assert stored(cron.database) == sorted(rows_of(api, START), key=repr)
