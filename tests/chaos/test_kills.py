"""Every command that writes is killed with SIGKILL at random instants, and run again until it ends by itself.

Beside it, the same commands run undisturbed on a twin: another database and the same API. Both have to hold the same.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from etl.errors import ConfigError
from tests.chaos.conftest import IS_FULL
from tests.chaos.processes import kill_after, start
from tests.chaos.site import Site
from tests.conftest import START
from tests.samples import held_open

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

KILLS = 1000 if IS_FULL else 30
HOUR = timedelta(hours=1)
START_SECONDS = 0.05  # of a process, which the twin does not need
_OLDEST_RUN = "select cast(run_id as varchar) from runs where kind = 'snapshot' order by slot, run_id limit 1"
_MAKE_OLDER = "delete from schema_migrations where name like 'views of %'"


def snapshot(site: Site, slot: datetime) -> list[str]:
    """Take the snapshot of a slot."""
    return site.arguments_of_snapshot(slot)


def reconcile(_site: Site, _slot: datetime) -> list[str]:
    """Fetch the final figures of sessions that have ended."""
    return ["reconcile", "--since", "2026-11-01", "--rate", "1000000/1s"]


def load(site: Site, slot: datetime) -> list[str]:
    """Load a run that a locked database has left staged."""
    with held_open(site.database):
        site.take(slot)
    return ["load"]


def migrate(site: Site, _slot: datetime) -> list[str]:
    """Bring a database up to date that has the views of an older version."""
    with duckdb.connect(site.database) as connection:
        connection.execute(_MAKE_OLDER)
    return ["load"]


def erase(site: Site, _slot: datetime) -> list[str]:
    """Erase the oldest run."""
    with duckdb.connect(site.database, read_only=True) as connection:
        row = connection.execute(_OLDEST_RUN).fetchone()
    return ["erase", "--run", row[0], "--yes"] if row else ["load"]


def compact(_site: Site, _slot: datetime) -> list[str]:
    """Make the file smaller."""
    return ["compact"]


def export_file(site: Site, _slot: datetime) -> list[str]:
    """Copy the database to a file."""
    return ["export", str(site.copy)]


def export_directory(site: Site, _slot: datetime) -> list[str]:
    """Copy the database to Parquet files."""
    return ["export", str(site.parquet)]


COMMANDS = (snapshot, snapshot, reconcile, load, migrate, erase, compact, export_file, export_directory)


@dataclass(kw_only=True)
class Killer:
    """Runs commands at a site, and kills them until they end by themselves."""

    site: Site
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def run(self, name: str, arguments: list[str], *, seconds: float) -> None:
        """Run a command again and again until it ends by itself.

        The kills fall anywhere in the seconds that it takes. This time grows with each kill, so that it ends at last.
        """
        output = self.site.folder.with_name("output.txt")
        while True:
            process = start(arguments, self.site.environment, output)
            if kill_after(process, self.chance.uniform(0, seconds)):
                self.kills[name] += 1
                seconds *= 1.1
                continue
            # An erasure that was killed after its transaction is done: the run is not there to be erased again.
            is_done = process.exitcode == 0 or (name == "erase" and process.exitcode == ConfigError.exit_code)
            assert is_done, f"{arguments}: {output.read_text()}"
            return


def test_commands_that_are_killed_at_random_store_what_undisturbed_ones_store(
    serve_api: Callable[..., Any], tmp_path: Path, seed: int, note_figures: Callable[[str, str], None]
) -> None:
    """After each command both databases hold the same rows, each once, and nothing unfinished is left on the disk."""
    twin = Site(api=serve_api(meetings=12), folder=tmp_path / "twin")
    killed = replace(twin, folder=tmp_path / "killed")
    for site in (twin, killed):
        site.folder.mkdir()
        site.take(START)
    chance, slot = random.Random(seed), START
    killer = Killer(site=killed, chance=chance)
    names = {command.__name__ for command in COMMANDS}
    while killer.kills.total() < KILLS or killer.kills.keys() != names:
        for command in chance.sample(COMMANDS, k=len(COMMANDS)):
            slot += HOUR
            twin.api.clock.set(slot)
            arguments, began = command(twin, slot), time.monotonic()
            undisturbed = twin.run(arguments)
            assert undisturbed.exit_code == 0, undisturbed.output
            killer.run(
                command.__name__, command(killed, slot), seconds=1.2 * (time.monotonic() - began) + START_SECONDS
            )
            where = f"seed {seed}: {command.__name__}, after {killer.kills}"
            assert killed.stored() == twin.stored(), where
            assert killed.exported() == twin.exported(), where
    assert leftovers(killed) == leftovers(twin), f"seed {seed}"
    kills = ", ".join(f"{name.replace('_', ' to a ')} {count:,}" for name, count in sorted(killer.kills.items()))
    note_figures("kill -9 at a random instant", f"{killer.kills.total():,} kills ({kills}): no row lost, none doubled")


def leftovers(site: Site) -> list[str]:
    """Return the names of all files beside the database, after a last load."""
    assert site.run(["load"]).exit_code == 0
    names = (str(path.relative_to(site.folder)) for path in site.folder.rglob("*"))
    return sorted(re.sub("copy-[0-9a-f]+", "copy", name) for name in names)  # a hash of the path of the export
