"""Databases of other versions: one with the views of an older version, and a version with one migration more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from etl.store import sql_files
from tests.samples import stage_run

if TYPE_CHECKING:
    from etl.values.run import StagedRun

ROOT = Path(__file__).parent.parent
NEWER_MIGRATION = "0002_newer"
_LEDGER = "create table schema_migrations (name varchar primary key, applied_at timestamptz not null default now())"
_OPEN = (
    "import sys, pathlib, etl.store.database as database\nwith database.open_database(pathlib.Path(sys.argv[1])): pass"
)


def make_older_database(database: Path, *, without: str | None = None) -> None:
    """Make a database with the views of an older version, and with all columns of this version but one.

    `without` is the column that the tables lack, as `table.column`.
    """
    names = sql_files.names("migrations")
    with duckdb.connect(database) as connection:
        connection.execute(_LEDGER)
        for name in names:
            connection.execute(sql_files.text(name))
            connection.execute("insert into schema_migrations (name) values (?)", [name.removeprefix("migrations/")])
        if without:
            table, _, column = without.partition(".")
            connection.execute(f"alter table {table} drop column {column}")
        connection.execute("create view outcomes as select 'older' as outcome")
        connection.execute("insert into schema_migrations (name) values ('views of older')")


def stage_older_run(folder: Path) -> StagedRun:
    """Stage a run of a version whose ledger lacked the columns `unlisted` and `every_seconds`."""
    run = stage_run(folder)
    ledger = run.directory / "runs.parquet"
    pl.read_parquet(ledger).drop("unlisted", "every_seconds", strict=False).write_parquet(ledger)
    return run


def open_with_newer_version(database: Path, folder: Path, *, migration: str) -> None:
    """Open a database with a copy of this version, made in `folder`, that has one migration more."""
    for part in ("etl", "sql"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "sql" / "migrations" / f"{NEWER_MIGRATION}.sql").write_text(migration, encoding="utf-8")
    same_duckdb = Path(duckdb.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(same_duckdb)])}
    subprocess.run([sys.executable, "-c", _OPEN, database], cwd=folder, env=environment, check=True)
