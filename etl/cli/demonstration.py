"""The demo: hourly snapshots of a simulated week of an office, taken as by cron, with a clock that runs fast."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from etl.cli.page import render_page
from etl.cli.report import report
from etl.cli.summaries import reconcile_line, snapshot_line
from etl.errors import ConfigError
from etl.files import write_whole
from etl.jobs.reconcile import reconcile_sessions
from etl.jobs.snapshot import take_snapshot
from etl.reports.counts import format_count
from etl.reports.periods import parse_period
from etl.reports.table import as_table
from etl.settings import ApiSettings, ReadSettings, ReconcileSettings, SnapshotSettings
from etl.simulator.app import TOKEN, create_demo_app
from etl.simulator.clock import FastClock
from etl.simulator.server import serve_in_process
from etl.simulator.world import World
from etl.staging.runs import Staging
from etl.store.database import open_database
from etl.store.read import run_sql_file
from etl.values.run import RunContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from etl.reports.periods import Period
    from etl.values.finals import ReconcileSummary
    from etl.values.run import SnapshotSummary

_HOUR = timedelta(hours=1)
_HOURS_A_DAY = 24
_PAST_THE_HOUR = timedelta(minutes=10)  # meetings that begin on the hour have begun
_LIVE_SHARE = 0.02  # the average of a whole week; in working hours the share is several times as high
_PAGE = "usage.html"
_TIMEOUT = timedelta(milliseconds=50)  # real time; the simulated API answers within milliseconds, or late on purpose
_LONG_TIMEOUT = timedelta(seconds=10)  # the list of a week takes longer
_NEXT_STEPS = """
With your own account, write meeting IDs to data/meetings.txt, one per line, then run:

  export CLOUDFLARE_API_TOKEN=...    # with the permission Realtime
  export CLOUDFLARE_ACCOUNT_ID=...
  export REALTIMEKIT_APP_ID=...
  {command} snapshot

The minutes per day, from the database of the demo:
"""
_SPEED = 600.0  # simulated seconds per real second; a run takes about one simulated minute


def demonstrate(  # noqa: PLR0913 - the options of the command, and the clock
    directory: Path, *, days: int, meetings: int, faults: float, seed: int, now: datetime
) -> None:
    """Take the snapshots of some days up to `now` into `directory`, and show the result."""
    end = (now.astimezone(UTC) - _PAST_THE_HOUR).replace(minute=0, second=0, microsecond=0)
    epoch = end - timedelta(days=days)
    world = World(seed=seed, meetings=meetings, live_share=_LIVE_SHARE, schedule="working-hours", epoch=epoch)
    settings = _prepare(world, directory)
    slots = [world.epoch + hour * _HOUR for hour in range(1, days * _HOURS_A_DAY + 1)]
    clock = FastClock(slots[0], speed=_SPEED, present=now)  # so that nothing is dated in the future
    summary, finals = _take_snapshots(settings, slots, world, clock, faults=faults, seed=seed)
    click.echo(f"last snapshot:  {snapshot_line(summary)}\nreconciliation: {reconcile_line(finals)}")
    click.echo("(Seconds are those of the simulated clock.)\n")
    _show_tables(settings.database, len(slots))
    _write_page(settings.database, directory / _PAGE, parse_period(since=f"{days}d", until=None, tz="UTC", now=now))
    # A user can type the name only if it is on the PATH.
    command = "rtk-usage" if shutil.which("rtk-usage") else os.path.relpath(sys.argv[0])
    click.echo(_NEXT_STEPS.format(command=command))
    arguments = ["daily", "--database", str(settings.database)]
    click.echo(f"$ {command} report {shlex.join(arguments)}")
    report.main(arguments, standalone_mode=False)


def _prepare(world: World, directory: Path) -> SnapshotSettings:
    """Write the meeting list, delete the database of an earlier demo, and return the settings of the snapshots."""
    database, meetings = directory / "usage.duckdb", directory / "meetings.txt"
    try:
        _delete_earlier_demo(directory, database, meetings)
        meetings.write_text("".join(f"{meeting_id}\n" for meeting_id in world.meeting_ids), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{error.filename or directory}: {error.strerror}; name another --directory") from error
    api = ApiSettings(
        token=TOKEN, account_id=world.account_id, base_url="http://127.0.0.1", concurrency=4, timeout=_TIMEOUT
    )
    return SnapshotSettings(
        api=api, meetings=meetings, app_id=world.app_id, database=database, every=_HOUR, lock_timeout=timedelta()
    )


def _delete_earlier_demo(directory: Path, database: Path, meetings: Path) -> None:
    """Delete the files of an earlier demo. Raises ConfigError if a file was not made by a demo."""
    marker, log = directory / ".demo", directory / "usage.duckdb.wal"
    for file in (database, meetings, directory / _PAGE):
        if file.exists() and not marker.exists():
            raise ConfigError(f"{file} was not made by a demo; name another --directory")
    directory.mkdir(parents=True, exist_ok=True)
    marker.touch()
    for file in (database, log):
        file.unlink(missing_ok=True)
    shutil.rmtree(Staging(database).directory, ignore_errors=True)


def _take_snapshots(  # noqa: PLR0913  # what the simulated API is made of
    settings: SnapshotSettings,
    slots: Sequence[datetime],
    world: World,
    clock: FastClock,
    *,
    faults: float,
    seed: int,
) -> tuple[SnapshotSummary, ReconcileSummary]:
    """Take one snapshot per slot, then reconcile. Return the summaries of the last snapshot and the reconciliation."""
    with serve_in_process(
        partial(create_demo_app, world, clock, share=faults, seed=seed, slow_seconds=2 * _TIMEOUT.total_seconds())
    ) as base_url:
        here = replace(settings, api=replace(settings.api, base_url=base_url))
        return asyncio.run(_take_each(here, slots, clock))


async def _take_each(
    settings: SnapshotSettings, slots: Sequence[datetime], clock: FastClock
) -> tuple[SnapshotSummary, ReconcileSummary]:
    """Take all snapshots, each with the clock some minutes after its slot, then reconcile."""
    context = RunContext(now=clock.now, sleep=clock.sleep)
    for slot in slots:
        clock.set(slot + _PAST_THE_HOUR)
        summary = await take_snapshot(settings, context)
    before = slots[0] - _HOURS_A_DAY * _HOUR  # some sessions started before the first slot
    patient = replace(settings.api, timeout=_LONG_TIMEOUT)
    final_figures = ReconcileSettings(api=patient, app_id=settings.app_id, database=settings.database, since=before)
    return summary, await reconcile_sessions(final_figures, context)


def _show_tables(database: Path, snapshots: int) -> None:
    """Print the tables of the database with their numbers of rows."""
    with open_database(database) as connection:
        frame = run_sql_file(connection, "read/row_counts")
    title = f"{database} after {format_count(snapshots, 'hourly snapshot')}:"
    click.echo(f"{title}\n\n{as_table(frame, 'UTC')}")


def _write_page(database: Path, page: Path, period: Period) -> None:
    """Write the page, and say where it is."""
    write_whole(page, render_page(ReadSettings(database=database), period))
    click.echo(f"A page of these days for a browser: {page}")
