"""`rtk-usage compact`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.examples import examples
from etl.cli.options import compact_options
from etl.cli.output import print_text

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path


@click.command(
    epilog=examples(
        "compact",
        "compact --database usage.duckdb --lock-timeout 5m",
    )
)
@compact_options
def compact(database: Path, lock_timeout: timedelta) -> None:
    """Make the database file smaller.

    DuckDB keeps the bytes of deleted and rewritten rows in its file. This command copies the database, compares the
    copy with it row by row, and renames the copy over it. Meanwhile no job runs: runs that start end with 75, and the
    next one follows its schedule. The disk needs room for a second file of the same size.
    """
    from etl.cli.run_job import run_compact

    size = run_compact(database, lock_timeout=lock_timeout)
    print_text(f"compacted {database}: {size.before:,} bytes before, {size.after:,} after")
