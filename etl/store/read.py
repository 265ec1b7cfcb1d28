"""Run a query and return its rows as a polars frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from etl.errors import WrongQuery
from etl.store import sql_files

if TYPE_CHECKING:
    from collections.abc import Mapping

# Types without a polars type travel as text, and as JSON if they are inside another type. So do maps with a key type
# such as DECIMAL(3,1) or STRUCT, which Python can't represent.
_TEXT_TYPES = re.compile(
    r"\b(BIGNUM|BIT|BLOB|GEOMETRY|INTERVAL|TIME WITH TIME ZONE|UHUGEINT|UNION|VARIANT)\b|\bMAP\((?!\w+,)"
)
_NESTED = re.compile(r"[\[(]")
_INSTANTS = re.compile(r"\b(DATE|TIMESTAMP)")
_NOT_NESTED = re.compile(r"(DECIMAL|ENUM)\(.*\)", re.DOTALL)
# Days since 1970 of the years 1 to 9999, without the first and the last day, so that no time zone leads out of them.
_FIRST_DAY, _LAST_DAY = -719_161, 2_932_895
_MAX_FINITE = 2**63 - 2  # the next number stands for infinity
_UNITS_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
# These errors come from the store or from Ctrl-C, unless the query itself names a missing file.
_STORE_ERRORS = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InterruptException)
_MISSING_FILE = re.compile("No files found|Cannot open file")


def run_sql_file(connection: duckdb.DuckDBPyConnection, name: str, **parameters: object) -> pl.DataFrame:
    """Run `sql/<name>.sql` with bound parameters. Instants are UTC, and JSON is text."""
    return pl.DataFrame(connection.sql(sql_files.text(name), params=parameters))


def run_query(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object], *, where: str
) -> pl.DataFrame:
    """Run a query of the user. Of the parameters, those that it uses are bound.

    `where` says where the query comes from. Raises WrongQuery if it is not exactly one query that only reads, uses an
    unknown parameter, or DuckDB reports an error in it.
    """
    try:
        query, used = _parse_query(connection, sql, where)
        if unknown := sorted(used - parameters.keys()):
            available = ", ".join(f"${name}" for name in parameters)
            raise WrongQuery(f"{where} uses the unknown parameter ${unknown[0]}; available: {available}")
        return _to_frame(connection.sql(query, params={name: parameters[name] for name in used}))
    except duckdb.Error as error:
        if isinstance(error, _STORE_ERRORS) and not _MISSING_FILE.search(str(error)):
            raise
        raise WrongQuery(f"{where}: {_first_lines(error)}") from error


def _parse_query(connection: duckdb.DuckDBPyConnection, sql: str, where: str) -> tuple[str, set[str]]:
    """Return the text of the one statement, and the names of its parameters."""
    statements = connection.extract_statements(sql)
    if not statements:
        raise WrongQuery(f"{where} is empty; write one query")
    if any(statement.type != duckdb.StatementType.SELECT for statement in statements):
        raise WrongQuery(
            f"{where} is not a query that only reads (select, from, describe, summarize, pivot with its values)"
        )
    if len(statements) != 1:
        raise WrongQuery(f"{where} has {len(statements)} statements; write one query")
    return _without_semicolon(statements[0].query), set(statements[0].named_parameters)


def _without_semicolon(query: str) -> str:
    """Cut a query before its final semicolon, because DuckDB 2 can't select from a query that has one."""
    text = query.encode()  # DuckDB counts positions in bytes
    for position, kind in reversed(duckdb.tokenize(query)):
        if kind == duckdb.token_type.comment:
            continue
        if text[position : position + 1] != b";":
            break
        text = text[:position]
    return text.decode()


def _to_frame(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """Fetch the rows. Columns whose type or whose values polars can't hold become text."""
    kinds = [str(kind) for kind in relation.types]
    as_text = {number for number, kind in enumerate(kinds) if _is_text_type(kind)}
    frame = _fetch(relation, kinds, as_text)
    out_of_range = {number for number, column in enumerate(frame) if _is_out_of_range(column)}
    return _fetch(relation, kinds, as_text | out_of_range) if out_of_range else frame


def _fetch(relation: duckdb.DuckDBPyRelation, kinds: list[str], as_text: set[int]) -> pl.DataFrame:
    """Fetch the rows, with the columns of these numbers as text. Repeated column names get a number."""
    names = _unique(relation.columns)
    if names == relation.columns and not as_text:
        return pl.DataFrame(relation)
    aliases = [f"c{number}" for number in range(len(names))]
    columns = [_cast_to_text(aliases[n], kind) if n in as_text else aliases[n] for n, kind in enumerate(kinds)]
    sql = f"select {', '.join(columns)} from result as result ({', '.join(aliases)})"  # noqa: S608  # only our own names
    return pl.DataFrame(relation.query("result", sql)).rename(dict(zip(aliases, names, strict=True)))


def _is_text_type(kind: str) -> bool:
    """Return True for a type that polars can't hold. Instants inside another type count, as they may be infinite."""
    return bool(_TEXT_TYPES.search(kind) or (_is_nested(kind) and _INSTANTS.search(kind)))


def _is_nested(kind: str) -> bool:
    return bool(_NESTED.search(kind)) and not _NOT_NESTED.fullmatch(kind)


def _cast_to_text(column: str, kind: str) -> str:
    value = f"to_json({column})" if _is_nested(kind) else column
    return f"cast({value} as varchar) as {column}"


def _is_out_of_range(column: pl.Series) -> bool:
    """Return True for a column with an instant that Python can't represent: infinite, or not in the years 1 to 9999."""
    if not isinstance(column.dtype, pl.Date | pl.Datetime):
        return False
    units = _UNITS_PER_DAY[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else 1
    lower, upper = max(_FIRST_DAY * units, -_MAX_FINITE), min(_LAST_DAY * units, _MAX_FINITE)
    return not column.to_physical().is_between(lower, upper).all()


def _unique(names: list[str]) -> list[str]:
    """Add a number to each name that an earlier column has."""
    unique: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in unique:
            number += 1
            candidate = f"{name}_{number}"
        unique.append(candidate)
    return unique


def _first_lines(error: duckdb.Error) -> str:
    """Return the beginning of DuckDB's message as one line: the reason, and the position in the query."""
    return " ".join(line.strip() for line in str(error).splitlines()[:3] if line.strip())
