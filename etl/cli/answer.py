"""The common part of `report` and `query`: run a query, and print or write its answer."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import make_period, read_settings
from etl.cli.output import check_output, print_answer
from etl.cli.terminal import terminal_width
from etl.files import write_whole
from etl.reports.age import describe_age
from etl.reports.ask import answer_query, answer_report
from etl.reports.counts import format_count
from etl.reports.fit import as_fitted_table
from etl.reports.formats import EXACT_FORMATS, FORMATS
from etl.reports.parameters import query_parameters
from etl.reports.periods import format_minute, format_second
from etl.reports.table import as_exact_table, as_table
from etl.reports.workbook import require_excel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polars import DataFrame

    from etl.reports.age import NewestSnapshot
    from etl.reports.ask import DataRange, Interruption, QueryAnswer, ReportAnswer
    from etl.reports.catalogue import Query
    from etl.reports.periods import Period

_NOTE_WIDTH = 80  # the least width of a terminal that tables are made for
_LIVE = "report live"  # its rows are those of the newest snapshot, so its age is always shown
_BINARY = ("parquet", "xlsx")
_FORMAT_BY_ENDING = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".txt": "table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A query with its period and parameters, and where its answer goes. `output` None is standard output."""

    query: Query
    period: Period
    parameters: dict[str, object]
    format_name: str
    output: Path | None
    is_wide: bool


def show_report(query: Query, options: dict[str, Any]) -> None:
    """Show a report below its heading. If the period has no data, say which period has."""
    request = _request(query, options)
    answer = answer_report(query, read_settings(options), request.parameters)
    _write(answer.frame, request, heading=_heading(query, answer, request, options["database"]))
    if query.name == _LIVE and answer.frame.is_empty() and answer.newest_snapshots:
        _explain_nobody(answer.newest_snapshots, request.period.tz)
    else:
        explain_no_data(answer.data_range, request.period, is_empty=answer.frame.is_empty())
    _explain_future_readings(answer.future_readings)
    _explain_interruptions(answer.interruptions, request.period.tz)


def show_answer(query: Query, options: dict[str, Any]) -> None:
    """Show the answer to a query of the cookbook, below its question, or to a user's own query."""
    request = _request(query, options)
    answer = answer_query(query, read_settings(options), request.parameters)
    has_period = "$since" in query.sql or "$until" in query.sql
    source = _source(options["database"], age=_age(answer, request))
    lines = [query.note] if query.note else []
    lines += [str(request.period), source] if has_period else []
    _write(answer.frame, request, heading="\n".join(lines))
    if answer.frame.is_empty() and request.format_name == "table":
        _explain("the answer has no rows")


def _request(query: Query, options: dict[str, Any]) -> _Request:
    endings = () if options["format_name"] else _FORMAT_BY_ENDING
    check_output(options["output"], endings=endings, database=options["database"])
    period = make_period(options)
    prices = options["prices"] if "$prices" in query.sql else None  # a query without prices needs no valid file
    return _Request(
        query=query,
        period=period,
        parameters=query_parameters(period, app_id=options["app_id"], prices=prices),
        format_name=_format_name(options["format_name"], options["output"]),
        output=options["output"],
        is_wide=options["wide"],
    )


def _format_name(option: str | None, output: Path | None) -> str:
    """Return the format of the option, else the one of the file's ending, else `table`."""
    name = option or (_FORMAT_BY_ENDING.get(output.suffix.lower(), "table") if output else "table")
    if name in _BINARY and output is None and _is_terminal():
        raise click.UsageError(f"{name} is not readable on a terminal; name a file with --output.")
    if name == "xlsx":
        require_excel()
    return name


def _heading(query: Query, answer: ReportAnswer, request: _Request, database: Path) -> str:
    """Return the lines above a report: its period, where its data begins and ends, its database, and a note on it."""
    period, beginning = request.period, answer.data_range.beginning_within(request.period)
    begins = f"no data before {format_minute(beginning, period.tz)}; " if beginning else ""
    lines = [f"{query.name}, {period}", begins + _source(database, age=_age(answer, request))]
    return "\n".join([*lines, *textwrap.wrap(query.note, _NOTE_WIDTH)])


def _age(answer: ReportAnswer | QueryAnswer, request: _Request) -> str:
    """Say how old the newest snapshot is, if it is old or the report is on what is live."""
    return describe_age(
        answer.newest_snapshots,
        until=request.period.until,
        now=datetime.now(UTC),
        always=request.query.name == _LIVE,
    )


def _source(database: Path, *, age: str) -> str:
    return f"{age}; from {database}" if age else f"from {database}"


def _write(frame: DataFrame, request: _Request, *, heading: str) -> None:
    if request.format_name == "table":
        width = _width_to_fit(request)
        table = _as_table(frame, request, width)
        content = (f"{_wrapped(heading, width)}\n\n{table}" if heading else table).encode()
    else:
        formats = FORMATS if request.query.is_report else EXACT_FORMATS
        content = formats[request.format_name](frame, request.period.tz)
    if request.output is None:
        print_answer(content)
    else:
        write_whole(request.output, content)
        click.echo(f"{format_count(frame.height, 'row')} in {request.output}", err=True)


def _width_to_fit(request: _Request) -> int | None:
    """Return the width of the terminal, or None for --wide, a pipe or a file: they get whole lines."""
    return None if request.output or request.is_wide else terminal_width(sys.stdout)


def _wrapped(heading: str, width: int | None) -> str:
    """Wrap the lines of a heading. The path of a database and the ID of an app stay whole."""
    if width is None:
        return heading
    lines = (textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) for line in heading.split("\n"))
    return "\n".join(chain.from_iterable(lines))


def _as_table(frame: DataFrame, request: _Request, width: int | None) -> str:
    """Format a table of the width, or with all columns."""
    query, tz = request.query, request.period.tz
    if not query.is_report:
        return as_exact_table(frame, tz, width=width)
    return (
        as_table(frame, tz, added=query.added)
        if width is None
        else as_fitted_table(frame, tz, width=width, added=query.added, main=query.main)
    )


def explain_no_data(data_range: DataRange, period: Period, *, is_empty: bool = False) -> None:
    """Say which period has data, if this one has none or its answer is empty."""
    first, last, data = data_range.first, data_range.last, data_range.subject
    if first is None or last is None:
        _explain(f"no {data} from {period}; the database holds no snapshots and no ended sessions yet")
    elif is_empty or last < period.since or first >= period.until:
        holds = f"{format_minute(first, period.tz)} to {format_minute(last, period.tz)}"
        _explain(f"no {data} from {period}; the database holds {data} from {holds}")


def _explain_nobody(snapshots: Sequence[NewestSnapshot], tz: str) -> None:
    """Say when nobody was live: at the newest snapshot."""
    _explain(f"nobody was live at {format_second(max(snapshot.slot for snapshot in snapshots), tz)}")


def _explain_future_readings(count: int) -> None:
    """Say how many readings a clock has dated in the future."""
    if count:
        verb = "is" if count == 1 else "are"
        _explain(f"{format_count(count, 'reading')} {verb} dated in the future and left out: a clock was wrong")


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
