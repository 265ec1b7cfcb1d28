"""`rtk-usage demo`: a week of the job's life in seconds, against the simulated API."""

from __future__ import annotations

from pathlib import Path

import click

from etl.cli.types import finite
from etl.errors import ConfigError


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/demo"),
    show_default=True,
    help="Where usage.duckdb and meetings.txt are made.",
)
@click.option("--days", type=click.IntRange(1, 60), default=7, show_default=True, help="Days of hourly snapshots.")
@click.option("--meetings", type=click.IntRange(1, 5000), default=60, show_default=True, help="Meetings to watch.")
@click.option(
    "--faults",
    type=click.FloatRange(0, 0.5),
    callback=finite,
    default=0.05,
    show_default=True,
    help="Share of requests that fail.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another week.")
def demo(*, directory: Path, days: int, meetings: int, faults: float, seed: int) -> None:
    """Take a week of snapshots of a simulated API, in seconds.

    They are hourly and meet faults; at the end it shows what is in the database.
    """
    try:
        from etl.cli import demonstration  # noqa: PLC0415  # needs the extra, and everything else
    except ModuleNotFoundError as error:
        raise ConfigError(f'{error.name} is missing: pip install "realtimekit-usage[simulator]"') from error
    demonstration.demonstrate(directory, days=days, meetings=meetings, faults=faults, seed=seed)
