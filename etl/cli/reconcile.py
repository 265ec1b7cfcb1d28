"""`rtk-usage reconcile`."""

from __future__ import annotations

import sys
from typing import Any

import click

from etl.cli import summaries
from etl.cli.build_settings import reconcile_settings
from etl.cli.examples import examples
from etl.cli.logs import log_to_stderr
from etl.cli.options import api_options, summary_options, write_options, zone_option
from etl.cli.output import print_summary, print_warning
from etl.cli.terminal import open_progress_bar


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
def reconcile(*, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> None:
    """Store the final figures of ended sessions.

    It also stores Cloudflare's own totals per day, to compare with. It covers all sessions of an app, also those of
    meetings outside the list, and those that started and ended between two snapshots. It stores only what is new, so
    it can run every night, also while snapshots are taken.
    """
    from etl.cli import run_job

    settings = reconcile_settings(options)
    log_to_stderr(verbose=verbose)
    with open_progress_bar("ended session", quiet=quiet) as bar:
        if bar:
            bar.start()
        summary, signal_number = run_job.run_reconcile(settings, progress=bar.show if bar else None)
    as_text = None if quiet else summaries.reconcile_line(summary)
    print_summary(summaries.reconcile_json(summary) if as_json else as_text, summary, is_json=as_json)
    print_warning(summaries.reconcile_advice(summary))
    sys.exit(run_job.exit_code(summary, signal_number))
