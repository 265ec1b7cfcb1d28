"""`rtk-usage erase`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from etl.cli.examples import examples
from etl.cli.options import erase_options
from etl.cli.output import print_text
from etl.cli.types import CleanText
from etl.errors import ConfigError
from etl.reports.counts import format_count
from etl.settings import ReadSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from etl.jobs.erase import Erasure
    from etl.store.database import Connection
    from etl.store.erase import ErasureRequest

_MOST_NAMES = 10
_SEVERAL = "Can be given several times."


def _option(name: str, destination: str, help_text: str, metavar: str = "TEXT") -> Callable[[Callable[..., Any]], Any]:
    """Declare an option that names what to erase."""
    text = f"{help_text} {_SEVERAL}"
    return click.option(name, destination, multiple=True, type=CleanText(), metavar=metavar, help=text)


@click.command(
    epilog=examples(
        "erase --run 019a9b3e --dry-run",
        "erase --meeting bbb3a8c1-9f0f-4c8c-9d3e-000000000001 --dry-run",
        'erase --name "*Smith*"',
        "erase --app-id APP --yes",
    )
)
@_option(
    "--run",
    "runs",
    "The ID of a snapshot run, or its first characters. rtk-usage report runs lists the IDs.",
)
@click.option("--app-id", type=CleanText(), help="Everything of this app.")
@_option("--meeting", "meetings", "Everything of the meeting with this ID.")
@_option("--session", "sessions", "Everything of the session with this ID.")
@_option(
    "--name",
    "names",
    "Every session whose meeting, or whose breakout room, had a name like this. * stands for any text, ? for one "
    "character; capitals do not matter.",
    metavar="PATTERN",
)
@click.option("--dry-run", is_flag=True, help="Print how many rows would go, and stop.")
@click.option("--yes", is_flag=True, help="Erase without a question, as a script needs it.")
@erase_options
def erase(*, dry_run: bool, yes: bool, database: Path, lock_timeout: timedelta, **choice: Any) -> None:
    """Erase a run by mistake, a wrong app, a meeting, a session or a name.

    Its rows are gone from all tables, reports and coverage, and their bytes from the database file, which is compacted.
    They are gone from all exports, pages and log files that this tool has written and still knows. The ledger keeps
    that something was erased, but not what, and how many requests the runs sent, since these count for the limit. An
    erased slot can be taken again.
    """
    chosen = [name for name in _FINDERS if choice[name]]
    if len(chosen) != 1:
        raise click.UsageError("Name what to erase: one of --run, --app-id, --meeting, --session and --name.")
    from etl.cli import run_job

    staged = run_job.count_staged(database)
    if not database.exists() and (dry_run or not staged):
        raise ConfigError(f"{database} does not exist; name the database with --database")
    if not (dry_run or yes or _is_terminal()):  # a script has to say --yes
        raise click.UsageError("This can't be undone. Repeat the command with --yes, or on a terminal.")
    if staged and dry_run:
        click.echo(f"rtk-usage: staged runs that are not counted: {staged:,}; rtk-usage load loads them", err=True)
    elif staged:
        run_job.run_load(database, lock_timeout=lock_timeout)
    if not dry_run and run_job.complete_erasure(database, lock_timeout=lock_timeout):
        click.echo("rtk-usage: an earlier erasure was interrupted; it is complete now", err=True)
    find = _finder(database, chosen[0], choice[chosen[0]])
    settings = ReadSettings(database=database, lock_timeout=lock_timeout)
    _show("would be erased" if dry_run else "to erase", _count(settings, find))
    if dry_run:
        return
    if yes or _is_confirmed():
        _show_erasure(run_job.run_erase(database, find, lock_timeout=lock_timeout))
        if advice := _ADVICE.get(chosen[0]):
            click.echo(f"rtk-usage: {advice}", err=True)
    else:
        print_text("nothing erased")


_SESSION_ADVICE = "Cloudflare still has it: a reconcile whose --since reaches an erased session stores it again"
_ADVICE = {
    "meetings": "take an erased meeting out of your meeting list, or the next snapshot records it again",
    "sessions": _SESSION_ADVICE,
    "names": _SESSION_ADVICE,
}
# The functions of etl.store.erase that find what an option names.
_FINDERS = {
    "runs": "find_runs",
    "app_id": "find_app",
    "meetings": "find_meetings",
    "sessions": "find_sessions",
    "names": "find_names",
}


def _finder(database: Path, name: str, value: object) -> Callable[[Connection], ErasureRequest]:
    from etl.store import erase

    finder = getattr(erase, _FINDERS[name])

    def find(connection: Connection) -> ErasureRequest:
        """Find what the option names."""
        request: ErasureRequest = finder(connection, database, value)
        return request

    return find


def _count(settings: ReadSettings, find: Callable[[Connection], ErasureRequest]) -> Mapping[str, int]:
    """Count the rows to erase, the runs, and what a pattern has found, without writing anything."""
    from etl.reports.ask import read_database
    from etl.store.erase import count_rows

    def count(connection: Connection) -> dict[str, int]:
        """Find the request again, in the connection that counts."""
        request = find(connection)
        if request.names:
            click.echo(f"rtk-usage: names found: {_shorten(request.names)}", err=True)
        sessions = {"sessions": len(request.session_ids)} if request.session_ids else {}
        return sessions | {"runs": len(request.run_ids)} | count_rows(connection, request)

    return read_database(settings, count)


def _shorten(names: Sequence[str]) -> str:
    """List the first names, and the number of the others."""
    shown, others = names[:_MOST_NAMES], len(names) - _MOST_NAMES
    return ", ".join(map(repr, shown)) + (f" and {others:,} more" if others > 0 else "")


def _show(what: str, rows: Mapping[str, int]) -> None:
    counts = ", ".join(format_count(count, table.removesuffix("s").replace("_", " ")) for table, count in rows.items())
    print_text(f"{what}: {counts}")


def _show_erasure(erasure: Erasure) -> None:
    """Print what was erased, and where else."""
    _show("erased", erasure.rows)
    for what, paths in (("exported again", erasure.rewritten), ("pages deleted and logs cleaned", erasure.cleaned)):
        if paths:
            print_text(f"{what}: {', '.join(map(str, paths))}")


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _is_confirmed() -> bool:
    """Ask on a terminal. Raises KeyboardInterrupt for Ctrl-C, and for the end of the input."""
    try:
        return click.confirm("This can't be undone. Erase these rows?", err=True)
    except click.Abort:
        click.echo(err=True)  # after the question
        raise KeyboardInterrupt from None
