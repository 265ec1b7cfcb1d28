"""A query becomes a polars frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from etl.errors import WrongQuery
from etl.store import sql_files

if TYPE_CHECKING:
    from collections.abc import Mapping

# Types that polars has no like of travel as text, and as JSON within another type; so do maps whose keys are no words
# or numbers, which Python has no like of.
_AS_TEXT = re.compile(
    r"\b(BIGNUM|BIT|BLOB|GEOMETRY|INTERVAL|TIME WITH TIME ZONE|UHUGEINT|UNION|VARIANT)\b|\bMAP\((?!\w+,)"
)
_NESTED = re.compile(r"[\[(]")
_INSTANTS = re.compile(r"\b(DATE|TIMESTAMP)")
_PLAIN = re.compile(r"(DECIMAL|ENUM)\(.*\)", re.DOTALL)
# In days since 1970: the years 1 to 9999, less a day at both ends, so that a zone can't lead out of them.
_FIRST_DAY, _LAST_DAY = -719_161, 2_932_895
_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
# What is the store's trouble, or Ctrl-C, and not the query's.
_NOT_ITS_FAULT = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InterruptException)
_NO_SUCH_FILE = re.compile("No files found|Cannot open file")


def run_sql_file(connection: duckdb.DuckDBPyConnection, name: str, **parameters: object) -> pl.DataFrame:
    """The rows of `sql/<name>.sql`; parameters are bound, never spliced. Instants are UTC, JSON is text."""
    return pl.DataFrame(connection.sql(sql_files.text(name), params=parameters))


def run_query(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object], *, where: str
) -> pl.DataFrame:
    """The rows of anybody's query; of the parameters those that it names are bound.

    `where` says where the query stands. Raises WrongQuery where it is none, or several, names another parameter, or
    DuckDB can't understand it.
    """
    try:
        query, named = _single_query(connection, sql, where)
        if unknown := sorted(named - parameters.keys()):
            known = ", ".join(f"${name}" for name in parameters)
            raise WrongQuery(f"{where} names the parameter ${unknown[0]}; those that there are: {known}")
        return _frame(connection.sql(query, params={name: parameters[name] for name in named}))
    except duckdb.Error as error:
        if isinstance(error, _NOT_ITS_FAULT) and not _NO_SUCH_FILE.search(str(error)):
            raise
        raise WrongQuery(f"{where}: {_first_lines(error)}") from error


def _single_query(connection: duckdb.DuckDBPyConnection, sql: str, where: str) -> tuple[str, set[str]]:
    """The text of the one statement, and the parameters that it names."""
    statements = connection.extract_statements(sql)
    if not statements:
        raise WrongQuery(f"{where} is empty; one query is needed")
    if any(statement.type != duckdb.StatementType.SELECT for statement in statements):
        raise WrongQuery(
            f"{where} is no query that only reads (select, from, describe, summarize, pivot with its values)"
        )
    if len(statements) != 1:
        raise WrongQuery(f"{where} holds {len(statements)} statements; one query is needed")
    return _without_end(statements[0].query), set(statements[0].named_parameters)


def _without_end(query: str) -> str:
    """A query without its semicolons and what stands behind them: DuckDB 2 could not select from it otherwise."""
    text = query.encode()  # in which the places are counted
    for place, kind in reversed(duckdb.tokenize(query)):
        if kind == duckdb.token_type.comment:
            continue
        if text[place : place + 1] != b";":
            break
        text = text[:place]
    return text.decode()


def _frame(found: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """The rows as a frame, whatever the columns are of and are called."""
    names, kinds = _unique(found.columns), [str(kind) for kind in found.types]
    odd = {place for place, kind in enumerate(kinds) if _travels_as_text(kind)}
    frame = _fetch(found, names, kinds, odd)
    if beyond := {place for place, column in enumerate(frame) if _is_beyond_calendars(column)}:
        return _fetch(found, names, kinds, odd | beyond)
    return frame


def _fetch(found: duckdb.DuckDBPyRelation, names: list[str], kinds: list[str], odd: set[int]) -> pl.DataFrame:
    """The rows, with the columns at the `odd` places as text."""
    if names == found.columns and not odd:
        return pl.DataFrame(found)
    places = [f"c{number}" for number in range(len(names))]
    columns = [_as_text(place, kind) if number in odd else place for number, (place, kind) in _numbered(places, kinds)]
    sql = f"select {', '.join(columns)} from found as found ({', '.join(places)})"  # noqa: S608  # names of our own
    renamed = found.query("found", sql)
    return pl.DataFrame(renamed).rename(dict(zip(places, names, strict=True)))


def _numbered(places: list[str], kinds: list[str]) -> enumerate[tuple[str, str]]:
    return enumerate(zip(places, kinds, strict=True))


def _travels_as_text(kind: str) -> bool:
    """Whether polars can't hold a type; instants within others may be infinite, which nobody sees from outside."""
    return bool(_AS_TEXT.search(kind) or (_is_nested(kind) and _INSTANTS.search(kind)))


def _is_nested(kind: str) -> bool:
    return bool(_NESTED.search(kind)) and not _PLAIN.fullmatch(kind)


def _as_text(place: str, kind: str) -> str:
    value = f"to_json({place})" if _is_nested(kind) else place
    return f"cast({value} as varchar) as {place}"


def _is_beyond_calendars(column: pl.Series) -> bool:
    """Whether a column holds an instant that Python's calendar has not: infinity, or outside the years 1 to 9999."""
    if not isinstance(column.dtype, pl.Date | pl.Datetime) or column.null_count() == len(column):
        return False
    a_day = _A_DAY[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else 1
    stamps = column.to_physical()
    return not _FIRST_DAY * a_day <= _number(stamps.min()) <= _number(stamps.max()) <= _LAST_DAY * a_day


def _number(stamp: object) -> int:
    """A minimum or maximum, which polars gives for any type."""
    return stamp if isinstance(stamp, int) else 0


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
