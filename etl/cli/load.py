"""`rtk-usage load`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.options import write_options
from etl.cli.output import print_text

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path


@click.command()
@write_options
def load(database: Path, lock_timeout: timedelta) -> None:
    """Load staged runs into the database.

    A run stays staged if the database was locked when it ended. The next run loads it as well.
    """
    from etl.cli.run_job import run_load

    run_ids = run_load(database, lock_timeout=lock_timeout)
    print_text(f"loaded {len(run_ids)} staged run{'s'[: len(run_ids) != 1]} into {database}")
