"""`rtk-usage snapshot` and `rtk-usage load`."""

from __future__ import annotations

import gc
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.logs import log_to_stderr
from etl.cli.options import (
    api_options,
    limit_options,
    output_options,
    slot_options,
    snapshot_settings,
    store_options,
    way_options,
)
from etl.cli.output import tell

if TYPE_CHECKING:
    from datetime import timedelta

    from etl.settings import SnapshotSettings
    from etl.values.fetch import Plan
    from etl.values.run import SnapshotSummary


@click.command()
@click.argument("meetings", type=click.Path(path_type=Path), required=False)
@way_options
@api_options
@limit_options
@store_options
@slot_options
@output_options
def snapshot(*, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Append a snapshot of every active session to the database.

    MEETINGS is the meeting list: .txt (an ID a line), .csv, .tsv, .jsonl, .ndjson or .parquet, or - for standard
    input. Default: data/meetings.txt.
    """
    settings = snapshot_settings(options)
    log_to_stderr(verbose=verbose)
    if options["dry_run"]:
        _tell_plan(settings, as_json=as_json)
        return
    gc.disable()  # importing makes much and throws nothing away
    from etl.cli import run_job  # noqa: PLC0415  # `--help` and a wrong setting need none of it

    gc.enable()
    is_seen = sys.stderr is not None and sys.stderr.isatty() and not quiet
    with run_job.progress(is_shown=is_seen) as show:
        planned = partial(_announce, is_shown=is_seen or verbose)
        summary, signal_number = run_job.snapshot(settings, planned=planned, progress=show)
    _tell(summary, as_json=as_json, quiet=quiet)
    sys.exit(run_job.exit_code(summary, signal_number))


@click.command()
@store_options
def load(database: Path, lock_timeout: timedelta) -> None:
    """Bring staged runs into the database, as the next snapshot would."""
    from etl.cli import run_job  # noqa: PLC0415  # only when needed

    loaded = run_job.load(database, lock_timeout=lock_timeout)
    click.echo(f"loaded {len(loaded)} staged run{'s'[: len(loaded) != 1]} into {database}")


def _announce(plan: Plan, *, is_shown: bool) -> None:
    """Print the plan of a run before it begins, if `is_shown`; a warning that time is too short is always printed."""
    from etl.cli import plan_text  # noqa: PLC0415  # only when needed

    if is_shown:
        click.echo(plan_text.format_plan(plan), err=True)
    _warn(plan_text.format_warning(plan))


def _tell_plan(settings: SnapshotSettings, *, as_json: bool) -> None:
    """Print the plan of a run as the result of the command."""
    from datetime import UTC, datetime  # noqa: PLC0415  # only when needed

    from etl.cli import plan_text  # noqa: PLC0415  # only when needed
    from etl.jobs.prepare import plan_snapshot  # noqa: PLC0415  # nothing is sent, so that no HTTP is needed

    plan = plan_snapshot(settings, datetime.now(UTC))
    click.echo(json.dumps(plan_text.plan_document(plan)) if as_json else plan_text.format_plan(plan))
    _warn(plan_text.format_warning(plan))


def _warn(warning: str | None) -> None:
    if warning:
        click.echo(f"rtk-usage: {warning}", err=True)


def _tell(summary: SnapshotSummary, *, as_json: bool, quiet: bool) -> None:
    from etl.cli import summaries  # noqa: PLC0415  # only when needed

    as_text = None if quiet else summaries.as_line(summary)
    tell(
        summaries.as_json(summary) if as_json else as_text,
        warnings=() if as_json else summaries.warnings(summary),
        problems=summary.errors,
    )
