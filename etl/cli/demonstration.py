"""A week of hourly snapshots of a simulated world, taken as cron would, with its clock running fast."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from etl.cli.demo import make_app
from etl.cli.summaries import as_line
from etl.errors import ConfigError
from etl.models import Seams
from etl.realtimekit.transport import open_transport
from etl.settings import ApiSettings, SnapshotSettings
from etl.simulator.app import TOKEN
from etl.simulator.clock import FastClock
from etl.simulator.server import serve_apart
from etl.simulator.world import World
from etl.snapshot import take_snapshot
from etl.staging import staging_of
from etl.store.read import read
from etl.store.target import open_target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from etl.models import RunSummary

_HOUR = timedelta(hours=1)
_HOURS_A_DAY = 24
_TIMEOUT = 0.02  # real seconds: the simulated API answers within milliseconds, or is slow on purpose
_NEXT = """
With a real account: put your meeting IDs in data/meetings.txt, one a line, then

  export CLOUDFLARE_API_TOKEN=...    # with the permission Realtime
  export CLOUDFLARE_ACCOUNT_ID=...
  export REALTIMEKIT_APP_ID=...
  {command} snapshot"""
_SPEED = 600.0  # simulated seconds in a real one: a run of a tenth of a second takes a simulated minute


def demonstrate(directory: Path, *, days: int, meetings: int, faults: float, seed: int) -> None:
    """Take the snapshots of so many days up to now into `directory`, and show what came of them."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    world = World(seed, meetings, epoch=end - timedelta(days=days))
    settings = _prepare(world, directory)
    slots = [world.epoch + hour * _HOUR for hour in range(1, days * _HOURS_A_DAY + 1)]
    summary = _take_snapshots(settings, slots, world, faults=faults, seed=seed)
    _show(summary, len(slots))


def _prepare(world: World, directory: Path) -> SnapshotSettings:
    """A meeting list and settings for a database that is not there yet; that of an earlier demo is deleted."""
    database, meetings = directory / "usage.duckdb", directory / "meetings.txt"
    try:
        _start_anew(directory, database, meetings)
        meetings.write_text("".join(f"{meeting_id}\n" for meeting_id in world.meeting_ids), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{error.filename or directory}: {error.strerror}; name another --directory") from error
    api = ApiSettings(
        token=TOKEN, account_id=world.account_id, base_url="http://127.0.0.1", concurrency=4, timeout=_TIMEOUT
    )
    return SnapshotSettings(
        api=api, meetings=meetings, app_id=world.app_id, database=database, every=_HOUR, lock_timeout=0.0
    )


def _start_anew(directory: Path, database: Path, meetings: Path) -> None:
    """Delete what an earlier demo has made, and nothing else."""
    marker, log = directory / ".demo", directory / "usage.duckdb.wal"
    for file in (database, meetings):
        if file.exists() and not marker.exists():
            raise ConfigError(f"{file} was not made by a demo; name another --directory")
    directory.mkdir(parents=True, exist_ok=True)
    marker.touch()
    for file in (database, log):
        file.unlink(missing_ok=True)
    shutil.rmtree(staging_of(database), ignore_errors=True)


def _take_snapshots(
    settings: SnapshotSettings, slots: Sequence[datetime], world: World, *, faults: float, seed: int
) -> RunSummary:
    """A snapshot in every slot, against a server whose clock stands at that slot and runs fast; the last summary."""
    clock = FastClock(slots[0], speed=_SPEED)
    with serve_apart(partial(make_app, world, clock, share=faults, seed=seed, slow=2 * _TIMEOUT)) as base_url:
        here = replace(settings, api=replace(settings.api, base_url=base_url))
        return asyncio.run(_take_each(here, slots, clock))


async def _take_each(settings: SnapshotSettings, slots: Sequence[datetime], clock: FastClock) -> RunSummary:
    """One run after the other over the same connections, each as cron would start it; the last summary."""
    gc.freeze()  # what is imported by now stays: looking through it again and again would take a seventh of the time
    async with open_transport(settings.api) as transport:
        seams = Seams(now=clock.now, sleep=clock.sleep, transport=transport)
        for slot in slots:
            clock.set(slot)
            summary = await take_snapshot(settings, seams)
    return summary


def _show(summary: RunSummary, snapshots: int) -> None:
    """The last run's summary, what is in the database, and what to do with a real account."""
    with open_target(summary.database) as connection:
        rows = read(connection, "read/tables").iter_rows()
    table = Table("table", "a row is", "rows", title=f"{summary.database} after {snapshots} hourly snapshots")
    table.columns[-1].justify = "right"
    for name, grain, count in rows:
        table.add_row(name, grain, f"{count:,}")
    click.echo(f"the last run: {as_line(summary)}\n")
    Console().print(table)
    # By name where the shell finds it, else by its path.
    command = "rtk-usage" if shutil.which("rtk-usage") else os.path.relpath(sys.argv[0])
    click.echo(_NEXT.format(command=command))
