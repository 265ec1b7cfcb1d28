"""A query becomes a polars frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from etl import queries
from etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Types that polars has no like of travel as text.
_AS_TEXT = re.compile(r"\b(INTERVAL|UNION|BIT|BLOB|TIME WITH TIME ZONE)\b")


def read(connection: duckdb.DuckDBPyConnection, name: str, **parameters: object) -> pl.DataFrame:
    """The rows of `sql/<name>.sql`; parameters are bound, never spliced. Instants are UTC, JSON is text."""
    return pl.DataFrame(connection.sql(queries.text(name), params=parameters))


def ask(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object], *, where: str
) -> pl.DataFrame:
    """The rows of anybody's query; of the parameters those that it names are bound.

    `where` says where the query stands. Raises ConfigError where it is none, or several, names another parameter, or
    DuckDB can't understand it.
    """
    try:
        query, named = _single_query(connection, sql, where)
        if unknown := sorted(named - parameters.keys()):
            known = ", ".join(f"${name}" for name in parameters)
            raise ConfigError(f"{where} names the parameter ${unknown[0]}; those that there are: {known}")
        return _frame(connection, query, {name: parameters[name] for name in named})
    except (duckdb.InterruptException, duckdb.IOException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        raise ConfigError(f"{where}: {_first_lines(error)}") from error


def _single_query(connection: duckdb.DuckDBPyConnection, sql: str, where: str) -> tuple[str, set[str]]:
    """The text of the one statement, and the parameters that it names."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise ConfigError(f"{where} holds {len(statements)} statements; one query is needed")
    statement = statements[0]
    if statement.type != duckdb.StatementType.SELECT:
        raise ConfigError(f"{where} is no query that only reads (select, from, describe, summarize)")
    return statement.query, set(statement.named_parameters)


def _frame(connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, object]) -> pl.DataFrame:
    """The rows as a frame, whatever the columns are of and are called."""
    found = connection.sql(query, params=parameters)
    names = _unique(found.columns)
    if names == found.columns and not any(_AS_TEXT.search(str(one)) for one in found.types):
        return pl.DataFrame(found)
    places = [f"c{number}" for number in range(len(names))]
    texts = [
        f"cast({place} as varchar) as {place}" if _AS_TEXT.search(str(one)) else place
        for place, one in zip(places, found.types, strict=True)
    ]
    renamed = f"select {', '.join(texts)} from (\n{query.rstrip().rstrip(';')}\n) as found ({', '.join(places)})"  # noqa: S608  # who asks may ask anything
    frame = pl.DataFrame(connection.sql(renamed, params=parameters))
    return frame.rename(dict(zip(places, names, strict=True)))


def _unique(names: list[str]) -> list[str]:
    """The names, with a number behind those that stood before."""
    unique: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in unique:
            number += 1
            candidate = f"{name}_{number}"
        unique.append(candidate)
    return unique


def _first_lines(error: duckdb.Error) -> str:
    """What DuckDB says, as one line: what is wrong, and the place it points to."""
    return " ".join(line.strip() for line in str(error).splitlines()[:3] if line.strip())
