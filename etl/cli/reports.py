"""`rtk-usage report` and `rtk-usage query`."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl.cli.output import print_answer
from etl.cli.periods import BEGINNING, period_of, period_options
from etl.cli.types import Duration, NewFile
from etl.errors import ConfigError, WrongQuery
from etl.files import refuse_database_as_output, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from polars import DataFrame

    from etl.reports.ask import Reach, Source
    from etl.reports.catalogue import Question
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
        type=Duration(least=timedelta()),
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
prices_option = click.option(
    "--prices",
    type=NewFile(),
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
    command = prices_option(command)
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
    from etl.reports.catalogue import named, reports  # noqa: PLC0415  # `--help` needs none of it

    if name is None:
        _list(reports())
        return
    with _typed_here():
        question = named(name)
    _report(question, options)


@click.command()
@click.argument("sql")
@answer_options
def query(*, sql: str, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Ask the database anything: SQL is a query, a file that ends with .sql, or - for standard input.

    The database is opened read-only, and no longer than the answer takes. A query may name the parameters of a report.
    """
    from etl.reports.catalogue import from_bytes, from_file  # noqa: PLC0415  # `--help` needs none of it

    if sql == "-":
        _query(from_bytes(_standard_input(), where="standard input"), options)
    elif _is_file_name(sql.strip()):
        _query(from_file(Path(sql.strip())), options)
    else:
        with _typed_here():
            _query(from_bytes(os.fsencode(sql), where="the query"), options)


def _is_file_name(text: str) -> bool:
    """Whether a text names a file of SQL: with spaces in it, it does if there is such a file."""
    return text.endswith(".sql") and (len(text.split()) == 1 or os.path.exists(text))  # noqa: PTH110  # pathlib's raises where a text can be no name


@contextlib.contextmanager
def _typed_here() -> Iterator[None]:
    """A name or a query that is wrong, and stands on the command line itself, is a wrong call."""
    try:
        yield
    except WrongQuery as error:
        raise click.UsageError(str(error)) from error


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise ConfigError("standard input is closed; expected a query")
    return sys.stdin.buffer.read()


def period_from(options: dict[str, Any]) -> Period:
    """The period that the options mean now."""
    from datetime import UTC, datetime  # noqa: PLC0415  # only when needed

    return period_of(since=options["since"], until=options["until"], tz=options["tz"], now=datetime.now(UTC))


def source_from(options: dict[str, Any]) -> Source:
    """The database that the options mean."""
    import time  # noqa: PLC0415  # only when needed

    from etl.reports.ask import Source  # noqa: PLC0415  # only when needed

    return Source(database=options["database"], lock_timeout=options["lock_timeout"], sleep=time.sleep)


def _list(found: dict[str, str]) -> None:
    """The reports, a line each."""
    for name, sentence in found.items():
        click.echo(f"{name:12} {sentence}")
    click.echo("\nrtk-usage report NAME shows one; --since, --until and --tz say of when, --help says more.")


def _report(question: Question, options: dict[str, Any]) -> None:
    """Answer a report, under what it is about; where it has nothing to tell, say of when there would be something."""
    chosen, period, bound = _asked(question, options)
    gc.disable()  # importing makes much and throws nothing away
    from etl.reports.ask import report  # noqa: PLC0415  # only when needed

    gc.enable()
    frame, reach = report(question, source_from(options), bound)
    title = f"{question.where}, {_span(period)}, from {options['database']}"
    write(frame, chosen, output=options["output"], tz=period.tz, title=title)
    if frame.is_empty() or reach.last < period.since or reach.first >= period.until:
        _explain_nothing(reach, period)


def _query(question: Question, options: dict[str, Any]) -> None:
    """Answer a query."""
    chosen, period, bound = _asked(question, options)
    from etl.reports.ask import answer  # noqa: PLC0415  # only when needed

    frame = answer(question, source_from(options), bound)
    write(frame, chosen, output=options["output"], tz=period.tz, title="")


def _asked(question: Question, options: dict[str, Any]) -> tuple[str, Period, dict[str, object]]:
    """The format that is wanted, the period, and what the query may name."""
    refuse_database_as_output(options["database"], options["output"])
    chosen = _format(options["chosen"], options["output"])
    period = period_from(options)
    from etl.reports.catalogue import parameters  # noqa: PLC0415  # only when needed

    prices = options["prices"] if "$prices" in question.sql else None
    return chosen, period, parameters(period, app_id=options["app_id"], prices=prices)


def _format(chosen: str | None, output: Path | None) -> str:
    """The format that is asked for, by its name or by a file's ending. Parquet is nothing for a terminal."""
    found = chosen or (_ENDINGS.get(output.suffix.lower(), "table") if output else "table")
    if found == "parquet" and output is None and _is_terminal():
        raise click.UsageError("Parquet is nothing to look at: name a file with --output.")
    return found


def write(frame: DataFrame, chosen: str, *, output: Path | None, tz: str, title: str) -> None:
    """Write a frame in a format to a file, or to standard output; a table has a title."""
    from etl.reports import formats  # noqa: PLC0415  # only when needed

    if chosen == "table":
        width = shutil.get_terminal_size().columns if output is None and _is_terminal() else None
        table = formats.as_table(frame, tz, width=width)
        content = (f"{title}\n\n{table}" if title else table).encode()
    else:
        content = formats.FORMATS[chosen](frame, tz)
    if output is None:
        print_answer(content)
    else:
        write_whole(output, content)
        click.echo(f"{frame.height:,} row{'s'[: frame.height != 1]} in {output}", err=True)


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _explain_nothing(reach: Reach, period: Period) -> None:
    """Say from when to when there is something, where there is nothing."""
    from etl.reports import formats  # noqa: PLC0415  # only when needed

    first, last = (formats.instant(at, period.tz) for at in (reach.first, reach.last))
    click.echo(f"rtk-usage: nothing from {_span(period)}; there are snapshots from {first} to {last}", err=True)


def _span(period: Period) -> str:
    from etl.reports import formats  # noqa: PLC0415  # only when needed

    if period.since == BEGINNING:
        return f"up to {formats.instant(period.until, period.tz)} ({period.tz})"
    return f"{formats.instant(period.since, period.tz)} to {formats.instant(period.until, period.tz)} ({period.tz})"
