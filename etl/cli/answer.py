"""The common part of `report` and `query`: run a query, and print or write its answer."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import make_period, read_settings
from etl.cli.counts import format_count
from etl.cli.output import check_output, print_answer
from etl.files import write_whole
from etl.reports.ask import answer_query, answer_report
from etl.reports.formats import FORMATS
from etl.reports.parameters import query_parameters
from etl.reports.periods import format_minute
from etl.reports.table import as_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polars import DataFrame

    from etl.reports.ask import DataRange, Interruption
    from etl.reports.catalogue import Query
    from etl.reports.periods import Period

_FORMAT_BY_ENDING = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """The period and the parameters of a query, and where its answer goes. `output` None is standard output."""

    period: Period
    parameters: dict[str, object]
    format_name: str
    output: Path | None


def show_report(query: Query, options: dict[str, Any]) -> None:
    """Show a report below its title. If the period has no data, say which period has."""
    request = _request(query, options)
    answer = answer_report(query, read_settings(options), request.parameters)
    _write(answer.frame, request, title=f"{query.name}, {request.period}, from {options['database']}")
    explain_no_data(answer.data_range, request.period, is_empty=answer.frame.is_empty())
    _explain_interruptions(answer.interruptions, request.period.tz)


def show_answer(query: Query, options: dict[str, Any]) -> None:
    """Show the answer to a user's own query."""
    request = _request(query, options)
    _write(answer_query(query, read_settings(options), request.parameters), request, title="")


def _request(query: Query, options: dict[str, Any]) -> _Request:
    check_output(options["output"], database=options["database"])
    period = make_period(options)
    prices = options["prices"] if "$prices" in query.sql else None  # a query without prices needs no valid file
    return _Request(
        period=period,
        parameters=query_parameters(period, app_id=options["app_id"], prices=prices),
        format_name=_format_name(options["format_name"], options["output"]),
        output=options["output"],
    )


def _format_name(option: str | None, output: Path | None) -> str:
    """Return the format of the option, else the one of the file's ending, else `table`."""
    name = option or (_FORMAT_BY_ENDING.get(output.suffix.lower(), "table") if output else "table")
    if name == "parquet" and output is None and _is_terminal():
        raise click.UsageError("Parquet is not readable on a terminal; name a file with --output.")
    return name


def _write(frame: DataFrame, request: _Request, *, title: str) -> None:
    if request.format_name == "table":
        width = shutil.get_terminal_size().columns if request.output is None and _is_terminal() else None
        table = as_table(frame, request.period.tz, width=width)
        content = (f"{title}\n\n{table}" if title else table).encode()
    else:
        content = FORMATS[request.format_name](frame, request.period.tz)
    if request.output is None:
        print_answer(content)
    else:
        write_whole(request.output, content)
        click.echo(f"{format_count(frame.height, 'row')} in {request.output}", err=True)


def explain_no_data(data_range: DataRange, period: Period, *, is_empty: bool = False) -> None:
    """Say which period has data, if this one has none or its answer is empty."""
    first, last = data_range.first, data_range.last
    if first is None or last is None:
        _explain(f"no data from {period}; the database holds no snapshots and no ended sessions yet")
    elif is_empty or last < period.since or first >= period.until:
        holds = f"{format_minute(first, period.tz)} to {format_minute(last, period.tz)}"
        _explain(f"no data from {period}; the database holds data from {holds}")


def _explain_interruptions(interruptions: Sequence[Interruption], tz: str) -> None:
    """Say in which time no snapshot is expected, so that none is missing."""
    for gap in interruptions:
        end = format_minute(gap.next_slot, tz) if gap.next_slot else "now"
        _explain(
            f"app {gap.app_id} has no snapshots from {format_minute(gap.last_slot, tz)} to {end}: more than 366 days, "
            "in which none are expected. Either no schedule ran, or the clock of a run was wrong"
        )


def _explain(message: str) -> None:
    click.echo(f"rtk-usage: {message}", err=True)


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
