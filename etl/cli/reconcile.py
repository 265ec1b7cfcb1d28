"""`rtk-usage reconcile`."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from etl.cli.logs import log_to_stderr
from etl.cli.options import api_options, limit_options, output_options, reconcile_settings, store_options
from etl.cli.output import tell
from etl.cli.types import Duration, Instant

if TYPE_CHECKING:
    from etl.values.finals import ReconcileSummary

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Since(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """From when on: a length of time before now such as 2d, a day in UTC, or an instant with its zone."""

    name = "since"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | datetime:
        """The length of time, or the instant in UTC."""
        if isinstance(value, timedelta | datetime):
            return value
        text = str(value).strip()
        if _DATE.fullmatch(text):
            return Instant().convert(f"{text}T00:00:00Z", param, ctx)
        if "T" in text.upper():
            return Instant().convert(text, param, ctx)
        return Duration().convert(text, param, ctx)


# Snapshots must find enough of the limit left while a long period is read: half of it, unless told otherwise.
@click.command(context_settings={"default_map": {"reserve": "50%"}})
@click.option(
    "--since",
    type=Since(),
    default="2d",
    show_default=True,
    metavar="2d|DATE|INSTANT",
    help="Ask for sessions that started since then, and for older ones that snapshots saw live since then.",
)
@api_options
@limit_options
@store_options
@output_options
def reconcile(*, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Store the final figures of sessions that have ended, and Cloudflare's own totals of days.

    It tells of whole apps, whatever meetings are watched: of the one named by --app-id, or of all that the database
    knows. Sessions that lived between two snapshots are found. What is stored already is not stored again, so that it
    may run every night, also while snapshots are taken.
    """
    settings = reconcile_settings(options)
    log_to_stderr(verbose=verbose)
    from etl.cli import run_job  # noqa: PLC0415  # `--help` and a wrong setting need none of it

    summary, signal_number = run_job.reconcile(settings)
    _tell(summary, as_json=as_json, quiet=quiet)
    sys.exit(run_job.exit_code(summary, signal_number))


def _tell(summary: ReconcileSummary, *, as_json: bool, quiet: bool) -> None:
    from etl.cli import summaries  # noqa: PLC0415  # only when needed

    as_text = None if quiet else summaries.reconciled_line(summary)
    tell(
        summaries.reconciled_json(summary) if as_json else as_text,
        warnings=() if as_json else summaries.warnings(summary),
        problems=summary.errors,
    )
