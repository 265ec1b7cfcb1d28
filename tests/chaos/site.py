"""A place where the job runs: a folder with a meeting list and a database, and the simulated API that it asks."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import duckdb
import polars as pl
from click.testing import CliRunner

from etl.cli import cli
from etl.jobs.snapshot import take_snapshot
from etl.settings import SnapshotSettings
from etl.simulator.app import TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from click.testing import Result

    from tests.conftest import Api

# What a database holds, without what differs from run to run: the run, its host and its times.
_STORED = """
select 'snapshot' as kind, cast(epoch_us(slot) as varchar) as at, meeting_id, session_id,
       cast(live_participants as varchar) as participants, cast(minutes_consumed as varchar) as minutes
from session_snapshots
union all
select 'final', cast(epoch_us(started_at) as varchar), meeting_id, session_id,
       cast(max_concurrent_participants as varchar), cast(minutes_consumed as varchar)
from session_finals
union all
select 'day', cast(day as varchar), app_id, null, cast(sessions as varchar), cast(minutes as varchar)
from daily_totals
union all
select 'failure', cast(epoch_us(slot) as varchar), meeting_id, kind, null, null
from fetch_failures
"""
Stored: TypeAlias = list[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A folder with a meeting list and a database, and the API."""

    api: Api
    folder: Path

    @property
    def database(self) -> Path:
        """The path of the database, which may not exist yet."""
        return self.folder / "usage.duckdb"

    @property
    def meetings(self) -> Path:
        """The meeting list. It is not in the folder, because a power failure is not about it."""
        path = self.folder.with_name("meetings.txt")
        return path if path.exists() else self.api.write_list(path)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of the job."""
        return {
            "CLOUDFLARE_API_BASE_URL": self.api.base_url,
            "CLOUDFLARE_API_TOKEN": TOKEN,
            "CLOUDFLARE_ACCOUNT_ID": self.api.world.account_id,
            "REALTIMEKIT_APP_ID": self.api.world.app_id,
            "RTK_USAGE_DATABASE": str(self.database),
        }

    def arguments_of_snapshot(self, slot: datetime) -> list[str]:
        """Return the arguments of a snapshot. The API has no limit, so that no run waits for one."""
        return ["snapshot", str(self.meetings), "--slot", slot.isoformat(), "--rate", "1000000/1s"]

    def run(self, arguments: list[str]) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(cli, arguments, env=dict(self.environment), catch_exceptions=False)

    def take(self, slot: datetime) -> None:
        """Take the snapshot of a slot, as the API's clock shows it."""
        self.api.clock.set(slot)
        settings = SnapshotSettings(
            api=self.api.settings(),
            meetings=self.meetings,
            app_id=self.api.world.app_id,
            database=self.database,
            slot=slot,
            lock_timeout=timedelta(),
        )
        asyncio.run(take_snapshot(settings, self.api.context()))

    @property
    def copy(self) -> Path:
        """The path to which `export` copies the database."""
        return self.folder / "copy.duckdb"

    @property
    def parquet(self) -> Path:
        """The directory to which `export` writes Parquet files."""
        return self.folder / "parquet"

    def stored(self) -> Stored:
        """Return all rows, sorted. A row that is stored twice is listed twice. No database holds no row."""
        return rows_of(self.database)

    def exported(self) -> tuple[Stored, dict[str, int]]:
        """Return all rows of the copy, and the number of rows in each Parquet file, but not of runs.

        A run that was killed and its repetition are two.
        """
        files = [file for file in sorted(self.parquet.rglob("*.parquet")) if file.name != "runs.parquet"]
        return rows_of(self.copy), {
            str(file.relative_to(self.parquet)): pl.scan_parquet(file).select(pl.len()).collect().item()
            for file in files
        }


def rows_of(database: Path) -> Stored:
    """Return all rows of a database, sorted. No database holds no row."""
    if not database.exists():
        return []
    with duckdb.connect(database, read_only=True) as connection:
        return sorted(pl.DataFrame(connection.sql(_STORED)).rows(), key=repr)


def command_line(arguments: list[str]) -> list[str]:
    """Return the command of a process of its own."""
    return [sys.executable, "-m", "etl", *arguments]
