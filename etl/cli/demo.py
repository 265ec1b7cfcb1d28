"""`rtk-usage demo`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from etl.cli.examples import examples
from etl.cli.types import finite
from etl.extras import missing_extra


@click.command(
    epilog=examples(
        "demo",
        "demo --days 1 --meetings 10 --directory try",
    )
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/demo"),
    show_default=True,
    help="The directory of the demo's database, meeting list and page.",
)
@click.option("--days", type=click.IntRange(1, 60), default=7, show_default=True, help="Days of hourly snapshots.")
@click.option("--meetings", type=click.IntRange(1, 5000), default=60, show_default=True, help="The number of meetings.")
@click.option(
    "--faults",
    type=click.FloatRange(0, 0.5),
    callback=finite,
    default=0.05,
    show_default=True,
    help="The share of requests that fail.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed gives another week.")
def demo(*, directory: Path, days: int, meetings: int, faults: float, seed: int) -> None:
    """Try everything in seconds, without an account.

    The demo takes a week of hourly snapshots of a simulated API, in which some requests fail. The simulated meetings
    follow the working hours of an office (UTC). Then it reconciles them, shows the week by day, and writes a page.
    """
    try:
        from etl.cli.demonstration import demonstrate
    except ModuleNotFoundError as error:
        raise missing_extra(error, "simulator") from error
    demonstrate(directory, days=days, meetings=meetings, faults=faults, seed=seed, now=datetime.now(UTC))
