"""`rtk-usage load`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.examples import examples
from etl.cli.options import write_options
from etl.cli.output import print_text
from etl.reports.counts import format_count

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path


@click.command(
    epilog=examples(
        "load",
        "load --database usage.duckdb --lock-timeout 5m",
    )
)
@write_options
def load(database: Path, lock_timeout: timedelta) -> None:
    """Load staged runs into the database.

    A run stays staged if the database was locked when it ended. The next run loads it as well.
    """
    from etl.cli.run_job import run_load, staging_directory

    run_ids = run_load(database, lock_timeout=lock_timeout)
    if run_ids or database.exists():
        print_text(f"loaded {format_count(len(run_ids), 'staged run')} into {database}")
    else:
        print_text(
            f"nothing to load: {staging_directory(database)} holds no staged runs, and {database} does not exist yet; "
            "rtk-usage snapshot creates it, or name another file with --database"
        )
