"""`rtk-usage erase`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from etl.cli.counts import format_count
from etl.cli.examples import examples
from etl.cli.options import write_options
from etl.cli.output import print_text
from etl.cli.types import CleanText
from etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from pathlib import Path

    from etl.store.database import Connection
    from etl.store.erase import ErasureRequest


@click.command(
    epilog=examples(
        "erase --run 019a9b3e --dry-run", "erase --run 019a9b3e-0001-7000-8000-000000000000", "erase --app-id APP --yes"
    )
)
@click.option(
    "--run",
    "runs",
    multiple=True,
    type=CleanText(),
    help="The ID of a run, or its first characters. rtk-usage report runs lists the IDs. Can be given several times.",
)
@click.option("--app-id", type=CleanText(), help="Everything of this app.")
@click.option("--dry-run", is_flag=True, help="Print how many rows would go, and stop.")
@click.option("--yes", is_flag=True, help="Erase without a question, as a script needs it.")
@write_options
def erase(  # noqa: PLR0913  # the options of the command
    *, runs: tuple[str, ...], app_id: str | None, dry_run: bool, yes: bool, database: Path, lock_timeout: timedelta
) -> None:
    """Erase a run by mistake, or a wrong app, from the database.

    Its rows are gone from all tables, reports and coverage. The ledger keeps that something was erased, and how many
    requests the runs sent, since these count for the limit. An erased slot can be taken again.
    """
    if bool(runs) == bool(app_id):
        raise click.UsageError("Name what to erase: either --run or --app-id.")
    if not database.exists():
        raise ConfigError(f"{database} does not exist; name the database with --database")
    find = _finder(database, runs, app_id)
    _show("would be erased" if dry_run else "to erase", _count(database, find))
    if dry_run:
        return
    if not (yes or _is_confirmed()):
        raise click.Abort
    from etl.cli.run_job import run_erase

    _show("erased", run_erase(database, find, lock_timeout=lock_timeout))


def _finder(database: Path, runs: tuple[str, ...], app_id: str | None) -> Callable[[Connection], ErasureRequest]:
    from etl.store.erase import find_app, find_runs

    if app_id:
        return partial(find_app, database=database, app_id=app_id)
    return partial(find_runs, database=database, prefixes=runs)


def _count(database: Path, find: Callable[[Connection], ErasureRequest]) -> Mapping[str, int]:
    """Count the rows to erase, and the runs, without writing anything."""
    from etl.store.database import open_to_read
    from etl.store.erase import count_rows

    with open_to_read(database) as connection:
        request = find(connection)
        return {"runs": len(request.run_ids)} | count_rows(connection, request)


def _show(what: str, rows: Mapping[str, int]) -> None:
    counts = ", ".join(format_count(count, table.removesuffix("s").replace("_", " ")) for table, count in rows.items())
    print_text(f"{what}: {counts}")


def _is_confirmed() -> bool:
    """Ask on a terminal. A script has to say --yes."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("This can't be undone. Repeat the command with --yes, or on a terminal.")
    return click.confirm("This can't be undone. Erase these rows?", err=True)
