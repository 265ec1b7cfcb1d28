"""`rtk-usage query`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import usage_errors
from etl.cli.options import answer_options
from etl.errors import ConfigError
from etl.reports.catalogue import decode_query, read_query

if TYPE_CHECKING:
    from etl.reports.catalogue import Query


@click.command()
@click.argument("sql")
@answer_options
def query(*, sql: str, **options: Any) -> None:
    """Run your own SQL query.

    SQL is the text of a query, a file that ends with .sql, or - for standard input. The database is opened read-only,
    and closed as soon as the answer is there. The query can use $since, $until, $tz, $app_id and $prices.
    """
    from etl.cli.answer import show_answer

    if sql == "-":
        show_answer(_query_from_stdin(), options)
    elif _is_file_name(sql.strip()):
        show_answer(read_query(Path(sql.strip())), options)
    else:
        with usage_errors():
            show_answer(decode_query(os.fsencode(sql), name="the query"), options)


def _query_from_stdin() -> Query:
    if sys.stdin is None:
        raise ConfigError("standard input is closed; expected a query")
    return decode_query(sys.stdin.buffer.read(), name="standard input")


def _is_file_name(text: str) -> bool:
    """Return True if a text is the name of a SQL file. A text with spaces is one only if the file exists."""
    if not text.endswith(".sql"):
        return False
    return len(text.split()) == 1 or os.path.exists(text)  # noqa: PTH110  # pathlib raises if no file can have this name
