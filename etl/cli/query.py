"""`rtk-usage query`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import usage_errors
from etl.cli.completion import complete_query
from etl.cli.examples import examples
from etl.cli.options import answer_options
from etl.cli.output import print_entry, print_text
from etl.errors import ConfigError
from etl.reports.catalogue import cookbook_themes, decode_query, find_cookbook_query, read_query

if TYPE_CHECKING:
    from etl.reports.catalogue import Query


@click.command(
    epilog=examples(
        'query "select * from live_now"',
        "query --list",
        "query busiest_hours --format json",
    )
)
@click.argument("sql", required=False, shell_complete=complete_query)
@click.option("--list", "is_list", is_flag=True, help="List the queries of the cookbook by theme.")
@answer_options
def query(*, sql: str | None, is_list: bool, **options: Any) -> None:
    """Run your own SQL query, or one of the cookbook.

    SQL is the text of a query, the name of a query of the cookbook, a file that ends with .sql, or -, which is
    standard input. The database is opened read-only, and closed as soon as the answer is there. The query can use
    $since, $until, $tz, $app_id and $prices.
    """
    if is_list:
        _list_queries()
    elif sql is None:
        raise click.UsageError("Write a query, or name one of the cookbook: rtk-usage query --list shows them.")
    else:
        _answer(sql.strip(), options)


def _list_queries() -> None:
    for theme, questions in cookbook_themes().items():
        print_text(f"{theme}:")
        for name, question in questions.items():
            print_entry(f"  {name:28} ", question)


def _answer(sql: str, options: dict[str, Any]) -> None:
    from etl.cli.answer import show_answer

    if sql == "-":
        show_answer(_query_from_stdin(), options)
    elif _is_file_name(sql):
        show_answer(read_query(Path(sql)), options)
    else:
        with usage_errors():
            show_answer(_query_of_text(sql), options)


def _query_of_text(sql: str) -> Query:
    """Return the query of the cookbook that a text names, or else the text as a query."""
    return find_cookbook_query(sql) if sql.isidentifier() else decode_query(os.fsencode(sql), name="the query")


def _query_from_stdin() -> Query:
    if sys.stdin is None:
        raise ConfigError("standard input is closed; expected a query")
    return decode_query(sys.stdin.buffer.read(), name="standard input")


def _is_file_name(text: str) -> bool:
    """Return True if a text is the name of a SQL file. A text with spaces is one only if the file exists."""
    if not text.endswith(".sql"):
        return False
    return len(text.split()) == 1 or os.path.exists(text)  # noqa: PTH110  # pathlib raises if no file can have this name
