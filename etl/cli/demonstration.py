"""A week of hourly snapshots of a simulated world, taken as cron would, with its clock running fast."""

from __future__ import annotations

import asyncio
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

from etl.cli.page import render_page
from etl.cli.summaries import reconcile_line, snapshot_line
from etl.errors import ConfigError
from etl.files import write_whole
from etl.jobs.reconcile import reconcile_sessions
from etl.jobs.snapshot import take_snapshot
from etl.reports.ask import answer_query
from etl.reports.catalogue import find_report
from etl.reports.parameters import query_parameters
from etl.reports.periods import Period
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
    from pathlib import Path

    from etl.values.finals import ReconcileSummary
    from etl.values.run import SnapshotSummary

_HOUR = timedelta(hours=1)
_HOURS_A_DAY = 24
_PAGE = "usage.html"
_TIMEOUT = timedelta(milliseconds=20)  # real time: the simulated API answers within milliseconds, or is slow on purpose
_LONG_TIMEOUT = timedelta(seconds=10)  # a week of sessions takes longer to list
_NEXT = """Ask further: {command} report --help, or {command} report meetings --since 7d --database {database}

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
    summary, finals = _take_snapshots(settings, slots, world, faults=faults, seed=seed)
    click.echo(f"the last run: {snapshot_line(summary)}\nafter it:     {reconcile_line(finals)}")
    click.echo("(Seconds are those of the simulated clock.)\n")
    _show_tables(settings.database, len(slots))
    period = Period(since=world.epoch, until=datetime.now(UTC), tz="UTC")
    _show_usage(settings.database, directory / _PAGE, period)
    # By name where the shell finds it, else by its path.
    command = "rtk-usage" if shutil.which("rtk-usage") else os.path.relpath(sys.argv[0])
    click.echo(_NEXT.format(command=command, database=settings.database))


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
        api=api, meetings=meetings, app_id=world.app_id, database=database, every=_HOUR, lock_timeout=timedelta()
    )


def _start_anew(directory: Path, database: Path, meetings: Path) -> None:
    """Delete what an earlier demo has made, and nothing else."""
    marker, log = directory / ".demo", directory / "usage.duckdb.wal"
    for file in (database, meetings, directory / _PAGE):
        if file.exists() and not marker.exists():
            raise ConfigError(f"{file} was not made by a demo; name another --directory")
    directory.mkdir(parents=True, exist_ok=True)
    marker.touch()
    for file in (database, log):
        file.unlink(missing_ok=True)
    shutil.rmtree(Staging(database).directory, ignore_errors=True)


def _take_snapshots(
    settings: SnapshotSettings, slots: Sequence[datetime], world: World, *, faults: float, seed: int
) -> tuple[SnapshotSummary, ReconcileSummary]:
    """A snapshot in every slot, against a server whose clock stands at that slot and runs fast, then the final figures.

    Returns the last summary of each.
    """
    clock = FastClock(slots[0], speed=_SPEED)
    with serve_in_process(
        partial(create_demo_app, world, clock, share=faults, seed=seed, slow_seconds=2 * _TIMEOUT.total_seconds())
    ) as base_url:
        here = replace(settings, api=replace(settings.api, base_url=base_url))
        return asyncio.run(_take_each(here, slots, clock))


async def _take_each(
    settings: SnapshotSettings, slots: Sequence[datetime], clock: FastClock
) -> tuple[SnapshotSummary, ReconcileSummary]:
    """One run after the other, each as cron would start it; the last summaries."""
    context = RunContext(now=clock.now, sleep=clock.sleep)
    for slot in slots:
        clock.set(slot)
        summary = await take_snapshot(settings, context)
    before = slots[0] - _HOURS_A_DAY * _HOUR  # some were under way when it began
    patient = replace(settings.api, timeout=_LONG_TIMEOUT)
    final_figures = ReconcileSettings(api=patient, app_id=settings.app_id, database=settings.database, since=before)
    return summary, await reconcile_sessions(final_figures, context)


def _show_tables(database: Path, snapshots: int) -> None:
    """What is in the database."""
    with open_database(database) as connection:
        rows = run_sql_file(connection, "read/row_counts").iter_rows()
    table = Table("table", "a row is", "rows", title=f"{database} after {snapshots} hourly snapshots")
    table.columns[-1].justify = "right"
    for name, grain, count in rows:
        table.add_row(name, grain, f"{count:,}")
    Console().print(table)


def _show_usage(database: Path, page: Path, period: Period) -> None:
    """What it comes to: the report by day, and the page, where what draws its charts is installed."""
    settings = ReadSettings(database=database)
    frame = answer_query(find_report("daily"), settings, query_parameters(period))
    click.echo(f"\n{as_table(frame, period.tz, width=None)}")
    try:
        content = render_page(settings, period)
    except ConfigError as error:  # the extra is missing
        click.echo(f"The page can't be made: {error}")
    else:
        write_whole(page, content)
        click.echo(f"The same as a page: {page}")
