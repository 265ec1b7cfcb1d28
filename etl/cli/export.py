"""`rtk-usage export`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from etl.cli.examples import examples
from etl.cli.options import read_options
from etl.cli.output import print_text
from etl.cli.types import ExportDestination
from etl.settings import ReadSettings

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from etl.jobs.export import ExportResult


@click.command(
    epilog=examples(
        "export /srv/dashboard/usage.duckdb",
        "export parquet/",
    )
)
@click.argument("destination", metavar="DEST", type=ExportDestination())
@read_options
def export(destination: Path, database: Path, lock_timeout: timedelta) -> None:
    """Write a copy of the database for programs that keep files open.

    DEST is a file that ends with .duckdb, or a directory. The file is a compact copy that nobody writes to. The
    directory gets Parquet files, one per table and day (UTC), and only those are written whose rows have changed.
    Viewers may keep files of DEST open: a new file replaces the old one by its name, and no run waits for them. An
    erasure also reaches DEST.
    """
    from etl.jobs.export import export_database

    settings = ReadSettings(database=database, lock_timeout=lock_timeout)
    print_text(_describe(export_database(settings, destination, now=datetime.now(UTC)), database))


def _describe(result: ExportResult, database: Path) -> str:
    """Describe what an export has written, as one line."""
    if files := result.files:
        counts = (("written", files.written), ("unchanged", files.unchanged), ("deleted", files.deleted))
        written = ", ".join(f"{count:,} {what}" for what, count in counts)
        return f"exported {database} to {result.destination}: files: {written}"
    return f"exported {database} to {result.destination}: {result.copied_bytes:,} bytes"
