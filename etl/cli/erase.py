"""`rtk-usage erase`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from etl.cli.examples import examples
from etl.cli.options import erase_options
from etl.cli.output import print_text
from etl.cli.types import CleanText
from etl.errors import ConfigError
from etl.reports.counts import format_count
from etl.settings import ReadSettings

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
    help="The ID of a snapshot run, or its first characters. rtk-usage report runs lists the IDs. Can be given several "
    "times.",
)
@click.option("--app-id", type=CleanText(), help="Everything of this app.")
@click.option("--dry-run", is_flag=True, help="Print how many rows would go, and stop.")
@click.option("--yes", is_flag=True, help="Erase without a question, as a script needs it.")
@erase_options
def erase(  # noqa: PLR0913  # the options of the command
    *, runs: tuple[str, ...], app_id: str | None, dry_run: bool, yes: bool, database: Path, lock_timeout: timedelta
) -> None:
    """Erase a run by mistake, or a wrong app, from the database.

    Its rows are gone from all tables, reports and coverage. The ledger keeps that something was erased, and how many
    requests the runs sent, since these count for the limit. An erased slot can be taken again.
    """
    if bool(runs) == bool(app_id):
        raise click.UsageError("Name what to erase: either --run or --app-id.")
    from etl.cli.run_job import count_staged, run_erase, run_load

    staged = count_staged(database)
    if not database.exists() and (dry_run or not staged):
        raise ConfigError(f"{database} does not exist; name the database with --database")
    if not (dry_run or yes or _is_terminal()):  # a script has to say --yes
        raise click.UsageError("This can't be undone. Repeat the command with --yes, or on a terminal.")
    if staged and dry_run:
        click.echo(f"rtk-usage: staged runs that are not counted: {staged:,}; rtk-usage load loads them", err=True)
    elif staged:
        run_load(database, lock_timeout=lock_timeout)
    find = _finder(database, runs, app_id)
    settings = ReadSettings(database=database, lock_timeout=lock_timeout)
    _show("would be erased" if dry_run else "to erase", _count(settings, find))
    if dry_run:
        return
    if yes or _is_confirmed():
        _show("erased", run_erase(database, find, lock_timeout=lock_timeout))
    else:
        print_text("nothing erased")


def _finder(database: Path, runs: tuple[str, ...], app_id: str | None) -> Callable[[Connection], ErasureRequest]:
    from etl.store.erase import find_app, find_runs

    if app_id:
        return partial(find_app, database=database, app_id=app_id)
    return partial(find_runs, database=database, prefixes=runs)


def _count(settings: ReadSettings, find: Callable[[Connection], ErasureRequest]) -> Mapping[str, int]:
    """Count the rows to erase, and the runs, without writing anything."""
    from etl.reports.ask import read_database
    from etl.store.erase import count_rows

    def count(connection: Connection) -> dict[str, int]:
        """Find the request again, in the connection that counts."""
        request = find(connection)
        return {"runs": len(request.run_ids)} | count_rows(connection, request)

    return read_database(settings, count)


def _show(what: str, rows: Mapping[str, int]) -> None:
    counts = ", ".join(format_count(count, table.removesuffix("s").replace("_", " ")) for table, count in rows.items())
    print_text(f"{what}: {counts}")


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _is_confirmed() -> bool:
    """Ask on a terminal. Raises KeyboardInterrupt for Ctrl-C, and for the end of the input."""
    try:
        return click.confirm("This can't be undone. Erase these rows?", err=True)
    except click.Abort:
        click.echo(err=True)  # after the question
        raise KeyboardInterrupt from None
