"""`rtk-usage query`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from etl.cli.build_settings import usage_errors
from etl.cli.completion import complete_query
from etl.cli.examples import examples
from etl.cli.options import answer_options
from etl.cli.output import print_entry, print_text
from etl.errors import ConfigError
from etl.reports.catalogue import cookbook_themes, decode_query, find_cookbook_query, read_query

if TYPE_CHECKING:
    from etl.reports.catalogue import Query

_BY_PARAMETER = {"since": "--since", "until": "--until", "app_id": "--app-id", "prices": "--prices"}


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
        _refuse_unused_options(query := _query_from_stdin())
        show_answer(query, options)
    elif _is_file_name(sql):
        _refuse_unused_options(query := read_query(Path(sql)))
        show_answer(query, options)
    else:
        with usage_errors():
            _refuse_unused_options(query := _query_of_text(sql))
            show_answer(query, options)


def _refuse_unused_options(query: Query) -> None:
    """Refuse options that would not change the answer, so that nobody takes it for the answer of another period."""
    context = click.get_current_context()
    given = {name for name in context.params if context.get_parameter_source(name) == ParameterSource.COMMANDLINE}
    for name, option in _BY_PARAMETER.items():
        if name in given and f"${name}" not in query.sql:
            raise click.UsageError(
                f"{option} does not change the answer: the query does not use ${name}. Leave out {option}, or "
                f"copy the query and write ${name} where it belongs."
            )
    if "tz" in given and "'UTC'" in query.sql:
        raise click.UsageError(
            "--tz does not change the answer: the query names 'UTC'. Leave out --tz, or copy the query and write $tz "
            "in the place of 'UTC'."
        )


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
