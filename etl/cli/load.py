"""`rtk-usage load`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.examples import examples
from etl.cli.logs import open_run_log
from etl.cli.options import RunOutput, log_options, write_options
from etl.cli.output import log_result, print_text
from etl.reports.counts import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path


@click.command(
    epilog=examples(
        "load",
        "load --database usage.duckdb --lock-timeout 5m",
    )
)
@write_options
@log_options
def load(*, database: Path, lock_timeout: timedelta, quiet: bool, log_file: Path | None) -> None:
    """Load staged runs into the database.

    A run stays staged if the database was locked when it ended. The next run loads it as well.
    """
    from etl.cli.run_job import run_load

    with open_run_log("load", database, RunOutput(quiet=quiet, log_file=log_file)) as run_log:
        run_ids = run_load(database, lock_timeout=lock_timeout)
        run_log.is_complete = True
        result = _describe(run_ids, database)
        log_result(result)
        if not quiet:
            print_text(result)


def _describe(run_ids: Sequence[str], database: Path) -> str:
    from etl.cli.run_job import staging_directory

    if run_ids or database.exists():
        return f"loaded {format_count(len(run_ids), 'staged run')} into {database}"
    return (
        f"nothing to load: {staging_directory(database)} holds no staged runs, and {database} does not exist yet; "
        "rtk-usage snapshot creates it, or name another file with --database"
    )
