"""`rtk-usage report` and `rtk-usage query`."""

from __future__ import annotations

import gc
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl.cli.files import replace
from etl.cli.periods import period_of, period_options
from etl.cli.types import Duration, NewFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from polars import DataFrame

    from etl.questions import Question
    from etl.report import Reach, Source
    from etl.settings import Period

_C = TypeVar("_C", bound="Callable[..., Any]")

FORMATS = ("table", "csv", "json", "jsonl", "markdown", "parquet")
_ENDINGS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".parquet": "parquet",
}

_SOURCE = (
    click.option(
        "--database",
        type=NewFile(),
        default="data/usage.duckdb",
        show_default=True,
        envvar="RTK_USAGE_DATABASE",
        show_envvar=True,
        help="The DuckDB file to read.",
    ),
    click.option(
        "--lock-timeout",
        type=Duration(least=0),
        default="5s",
        show_default=True,
        help="How long to wait while another program writes to the database.",
    ),
)
_OUTPUT = (
    click.option(
        "--format",
        "chosen",
        type=click.Choice(FORMATS),
        help="Default: as the ending of --output says, else a table.",
    ),
    click.option("--output", type=NewFile(dir_okay=False), help="Write a file; one that is there is replaced."),
)
_PRICES = click.option(
    "--prices",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="RTK_USAGE_PRICES",
    show_envvar=True,
    help="A CSV file of your own prices: type, low_usd_per_minute, high_usd_per_minute, note.",
)


def source_options(command: _C) -> _C:
    """Add the options that say which database is read."""
    for option in reversed(_SOURCE):
        command = option(command)
    return command


def answer_options(command: _C) -> _C:
    """Add the options that say what is asked about, and what becomes of the answer."""
    command = _PRICES(command)
    for option in reversed(_OUTPUT):
        command = option(command)
    return source_options(period_options(command))


@click.command()
@click.argument("name", required=False)
@answer_options
def report(*, name: str | None, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Answer a question about usage: NAME is a report, or a file of your own that ends with .sql.

    Without NAME it lists the reports. A file of your own may name $since, $until, $tz, $app_id and $prices.
    """
    from etl.questions import named, reports  # noqa: PLC0415  # `--help` needs none of it

    if name is None:
        _list(reports())
        return
    _answer(named(name), options, is_report=True)


@click.command()
@click.argument("sql")
@answer_options
def query(*, sql: str, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Ask the database anything: SQL is a query, a file that ends with .sql, or - for standard input.

    The database is opened read-only, and no longer than the answer takes. A query may name the parameters of a report.
    """
    from etl.questions import Question, from_bytes, from_file  # noqa: PLC0415  # `--help` needs none of it

    if sql == "-":
        question = from_bytes(sys.stdin.buffer.read(), where="standard input")
    elif sql.strip().endswith(".sql") and len(sql.split()) == 1:
        question = from_file(Path(sql.strip()))
    else:
        question = Question(where="the query", sql=sql)
    _answer(question, options, is_report=False)


def period_from(options: dict[str, Any]) -> Period:
    """The period that the options mean now."""
    from datetime import UTC, datetime  # noqa: PLC0415  # only when needed

    return period_of(since=options["since"], until=options["until"], tz=options["tz"], now=datetime.now(UTC))


def source_from(options: dict[str, Any]) -> Source:
    """The database that the options mean."""
    import time  # noqa: PLC0415  # only when needed

    from etl.report import Source  # noqa: PLC0415  # only when needed

    return Source(database=options["database"], lock_timeout=options["lock_timeout"], sleep=time.sleep)


def _list(found: dict[str, str]) -> None:
    """The reports, a line each."""
    for name, sentence in found.items():
        click.echo(f"{name:12} {sentence}")
    click.echo("\nrtk-usage report NAME shows one; --since, --until and --tz say of when, --help says more.")


def _answer(question: Question, options: dict[str, Any], *, is_report: bool) -> None:
    """Ask, and write the answer down; that of a report under what it is about."""
    chosen = _format(options["chosen"], options["output"])
    period = period_from(options)
    gc.disable()  # importing makes much and throws nothing away
    from etl.questions import parameters  # noqa: PLC0415  # only when needed
    from etl.report import answer  # noqa: PLC0415  # only when needed

    gc.enable()
    bound = parameters(period, app_id=options["app_id"], prices=options["prices"])
    frame, reach = answer(question, source_from(options), bound)
    title = f"{question.where}, {_span(period)}, from {options['database']}" if is_report else ""
    write(frame, chosen, output=options["output"], tz=period.tz, title=title)
    if is_report and frame.is_empty():
        _explain_nothing(reach, period)


def _format(chosen: str | None, output: Path | None) -> str:
    """The format that is asked for, by its name or by a file's ending. Parquet is nothing for a terminal."""
    found = chosen or (_ENDINGS.get(output.suffix.lower(), "table") if output else "table")
    if found == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is nothing to look at: name a file with --output.")
    return found


def write(frame: DataFrame, chosen: str, *, output: Path | None, tz: str, title: str) -> None:
    """Write a frame in a format to a file, or to standard output; a table has a title."""
    from etl import render  # noqa: PLC0415  # only when needed

    if chosen == "table":
        is_seen = output is None and sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if is_seen else None
        table = render.as_table(frame, tz, width=width)
        content = f"{title}\n\n{table}".lstrip().encode()
    else:
        content = render.FORMATS[chosen](frame, tz)
    if output is None:
        click.echo(content, nl=False)
    else:
        replace(output, content)
        click.echo(f"{frame.height:,} rows in {output}", err=True)


def _explain_nothing(reach: Reach, period: Period) -> None:
    """Say from when to when there is something, where there is nothing."""
    from etl import render  # noqa: PLC0415  # only when needed

    first, last = (render.instant(at, period.tz) for at in (reach.first, reach.last))
    click.echo(f"rtk-usage: nothing from {_span(period)}; there are snapshots from {first} to {last}", err=True)


def _span(period: Period) -> str:
    from etl import render  # noqa: PLC0415  # only when needed

    return f"{render.instant(period.since, period.tz)} to {render.instant(period.until, period.tz)} ({period.tz})"
