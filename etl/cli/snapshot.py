"""`rtk-usage snapshot` and `rtk-usage load`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.options import api_options, output_options, slot_options, snapshot_settings, store_options

if TYPE_CHECKING:
    from etl.models import RunSummary


@click.command()
@click.argument("meetings", type=click.Path(path_type=Path), default=Path("data/meetings.txt"))
@api_options
@store_options
@slot_options
@output_options
def snapshot(*, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Append a snapshot of every active session to the database.

    MEETINGS is the meeting list: .txt (an ID a line), .csv, .tsv, .jsonl, .ndjson or .parquet, or - for standard
    input. Default: data/meetings.txt.
    """
    settings = snapshot_settings(options)

    from etl.cli import running  # noqa: PLC0415  # `--help` and a wrong setting need none of it

    running.log_to_stderr(verbose=verbose)
    with running.progress(is_shown=sys.stderr.isatty() and not quiet) as show:
        summary, signal_number = running.snapshot(settings, show)
    if not quiet or as_json:
        _print(summary, as_json=as_json)
    for error in summary.errors:
        click.echo(f"rtk-usage: {error}", err=True)
    sys.exit(running.exit_code(summary, signal_number))


@click.command()
@store_options
def load(database: Path, lock_timeout: float) -> None:
    """Bring staged runs into the database, as the next snapshot would."""
    from etl.cli import running  # noqa: PLC0415

    loaded = running.load(database, lock_timeout=lock_timeout)
    click.echo(f"loaded {len(loaded)} staged run{'s'[: len(loaded) != 1]} into {database}")


def _print(summary: RunSummary, *, as_json: bool) -> None:
    from etl.cli import summaries  # noqa: PLC0415

    click.echo(summaries.as_json(summary) if as_json else summaries.as_line(summary))
    if not as_json:
        for warning in summaries.warnings(summary):
            click.echo(warning, err=True)
