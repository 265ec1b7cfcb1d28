"""`rtk-usage snapshot`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from etl.cli import plan_text, summaries
from etl.cli.build_settings import snapshot_settings
from etl.cli.examples import examples
from etl.cli.logs import log_to_stderr, open_run_log
from etl.cli.options import RunOutput, api_options, default_of, summary_options, write_options
from etl.cli.output import print_summary, print_text, print_warning
from etl.cli.terminal import open_progress_bar, terminal_width
from etl.cli.types import Duration, ExportDestination, Instant, Interval
from etl.settings import SnapshotSettings, Via

if TYPE_CHECKING:
    from etl.cli.logs import RunLog
    from etl.values.fetch import Plan


@click.command(
    epilog=examples(
        "snapshot",
        "snapshot meetings.csv --every 5m --deadline 4m",
        "snapshot --all-meetings --dry-run",
    )
)
@click.argument("meetings", type=click.Path(path_type=Path), required=False)
@click.option(
    "--via",
    type=click.Choice(get_args(Via)),
    default=default_of(SnapshotSettings, "via"),
    show_default=True,
    help="Send one request per meeting, or read the list of live sessions. auto takes the way that is expected to "
    "cost fewer requests.",
)
@click.option("--all-meetings", is_flag=True, help="Record every live meeting of the app, without a meeting list.")
@click.option("--dry-run", is_flag=True, help="Print what the run would cost, and stop. Needs no token.")
@click.option(
    "--every",
    type=Interval(),
    help="The interval of your schedule, such as 5m or 1h: at least 1m, and it divides a day. The slot is the start "
    "of the run, rounded down to it.",
)
@click.option(
    "--slot", type=Instant(), help="The slot itself. Without --every and --slot, the slot is the second of the start."
)
@click.option(
    "--deadline",
    type=Duration(),
    help="How long the fetch may take. Meetings without an outcome by then fail with `deadline`.",
)
@click.option(
    "--export",
    "exports",
    multiple=True,
    metavar="DEST",
    type=ExportDestination(),
    help="Export to this destination after the run, as rtk-usage export does. Can be given several times.",
)
@click.option(
    "--export-every",
    type=Interval(),
    help="Export only if nothing was exported to the destination yet in this interval, such as 1h. Default: after "
    "every run.",
)
@api_options(app="The RealtimeKit app of meetings for which the list names no app.")
@write_options
@summary_options
def snapshot(*, as_json: bool, quiet: bool, log_file: Path | None, verbose: bool, **options: Any) -> None:
    """Append a snapshot of every live session to the database.

    MEETINGS is the meeting list: .txt (one ID per line), .csv, .tsv, .json, .jsonl, .ndjson or .parquet, or - for
    standard input. Default: data/meetings.txt.
    """
    output = RunOutput(quiet=quiet, log_file=log_file, verbose=verbose)
    if options["dry_run"]:
        log_to_stderr(verbose=verbose)
        _print_plan(snapshot_settings(options), as_json=as_json)
        return
    with open_run_log("snapshot", options["database"], output) as run_log:
        sys.exit(_take_snapshot(snapshot_settings(options), options, run_log, as_json=as_json))


def _print_plan(settings: SnapshotSettings, *, as_json: bool) -> None:
    from etl.jobs.prepare import plan_snapshot

    plan = plan_snapshot(settings, datetime.now(UTC))
    as_text = plan_text.format_plan(plan, width=terminal_width(sys.stdout))
    print_text(json.dumps(plan_text.plan_document(plan)) if as_json else as_text)
    print_warning(plan_text.format_warning(plan))


def _take_snapshot(settings: SnapshotSettings, options: dict[str, Any], run_log: RunLog, *, as_json: bool) -> int:
    """Take a snapshot, print its summary, do what follows it, and return the exit code."""
    from etl.cli import run_job
    from etl.cli.after_run import finish_run

    def announce(plan: Plan) -> None:
        """Print the plan where somebody watches, and its warning in any case."""
        if bar or run_log.output.verbose:
            click.echo(plan_text.format_plan(plan, width=terminal_width(sys.stderr)), err=True)
        print_warning(plan_text.format_warning(plan))
        if bar:
            bar.start(plan)

    with open_progress_bar("live session", quiet=run_log.output.quiet) as bar:
        show = bar.show if bar else None
        summary, signal_number = run_job.run_snapshot(settings, planned=announce, progress=show)
    run_log.is_complete = summary.is_complete
    document = summaries.snapshot_json(summary) if as_json else None
    print_summary(summaries.snapshot_line(summary), summary, document, quiet=run_log.output.quiet)
    print_warning(summaries.list_warning(summary))
    print_warning(summaries.snapshot_advice(summary))
    if signal_number is None:
        finish_run(summary, options)
    return run_job.exit_code(summary, signal_number)
