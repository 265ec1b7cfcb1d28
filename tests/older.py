"""What an older version has left: a database before its second migration, and a run that it has staged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

from etl.store import sql_files
from tests.samples import stage_run

if TYPE_CHECKING:
    from pathlib import Path

    from etl.staging.runs import StagedRun

_LEDGER = "create table schema_migrations (name varchar primary key, applied_at timestamptz not null default now())"


def make_older_database(database: Path) -> None:
    """Make the database of a version that knew the first migration only, and had views of its own."""
    with duckdb.connect(database) as connection:
        connection.execute(_LEDGER)
        connection.execute(sql_files.text("migrations/0001_tables"))
        connection.execute("create view outcomes as select 'older' as outcome")
        connection.execute("insert into schema_migrations (name) values ('0001_tables'), ('views of older')")


def stage_older_run(staging: Path) -> StagedRun:
    """Stage a run as a version did that knew of no schedule, nor of live sessions that it was not asked about."""
    run = stage_run(staging)
    ledger = run.directory / "runs.parquet"
    pl.read_parquet(ledger).drop("unlisted", "every_seconds", strict=False).write_parquet(ledger)
    return run
