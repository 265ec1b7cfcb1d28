"""`rtk-usage reconcile`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from etl.cli import summaries
from etl.cli.build_settings import reconcile_settings
from etl.cli.examples import examples
from etl.cli.logs import open_run_log
from etl.cli.options import RunOutput, api_options, summary_options, write_options, zone_option
from etl.cli.output import print_summary, print_warning
from etl.cli.terminal import open_progress_bar

if TYPE_CHECKING:
    from pathlib import Path

    from etl.cli.logs import RunLog
    from etl.settings import ReconcileSettings


@click.command(
    epilog=examples(
        "reconcile",
        "reconcile --since 2026-11-01 --app-id APP",
    )
)
@click.option(
    "--since",
    default="2d",
    show_default=True,
    metavar="2d|DATE|INSTANT",
    help="Ask for sessions that started since then, and for older ones that snapshots saw live since then. 2d starts "
    "two days before today's midnight.",
)
@zone_option
# Half of the limit is for snapshots, which need it while a long period is read.
@api_options(app="Only this RealtimeKit app. Default: all apps in the database.", reserve=0.5)
@write_options
@summary_options
def reconcile(*, as_json: bool, quiet: bool, log_file: Path | None, verbose: bool, **options: Any) -> None:
    """Store the final figures of ended sessions.

    It also stores Cloudflare's own totals per day, to compare with. It covers all sessions of an app, also those of
    meetings outside the list, and those that started and ended between two snapshots. It stores only what is new, so
    it can run every night, also while snapshots are taken.
    """
    output = RunOutput(quiet=quiet, log_file=log_file, verbose=verbose)
    with open_run_log("reconcile", options["database"], output) as run_log:
        sys.exit(_reconcile(reconcile_settings(options), run_log, as_json=as_json))


def _reconcile(settings: ReconcileSettings, run_log: RunLog, *, as_json: bool) -> int:
    """Store final figures, print the summary, and return the exit code."""
    from etl.cli import run_job

    with open_progress_bar("ended session", quiet=run_log.output.quiet) as bar:
        if bar:
            bar.start()
        summary, signal_number = run_job.run_reconcile(settings, progress=bar.show if bar else None)
    run_log.is_complete = summary.is_complete
    document = summaries.reconcile_json(summary) if as_json else None
    print_summary(summaries.reconcile_line(summary), summary, document, quiet=run_log.output.quiet)
    print_warning(summaries.reconcile_advice(summary))
    return run_job.exit_code(summary, signal_number)
