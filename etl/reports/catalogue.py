"""The queries that can be asked: the reports in `sql/reports/`, a user's own file, or the text of a query."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from etl.errors import ConfigError, WrongQuery
from etl.store import sql_files

_FOLDER = "reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The SQL of a query, and its name in messages."""

    name: str
    sql: str


def report_descriptions() -> dict[str, str]:
    """Return the name of every report, and a sentence that describes it."""
    return {name.partition("/")[2]: describe(name) for name in sql_files.names(_FOLDER)}


def describe(name: str) -> str:
    """Return the first comment of a SQL file, which describes the query in one sentence."""
    return sql_files.text(name).partition("\n")[0].removeprefix("-- ")


def find_report(name: str) -> Query:
    """Find a report by its name, or read a user's own file.

    Raises WrongQuery if the report is unknown, and ConfigError if the file can't be read.
    """
    if name.endswith(".sql"):
        return read_query(Path(name))
    reports = report_descriptions()
    if name in reports:
        return Query(name=f"report {name}", sql=sql_files.text(f"{_FOLDER}/{name}"))
    similar = difflib.get_close_matches(name, reports, n=1)
    hint = f" Did you mean {similar[0]}?" if similar else ""
    names = ", ".join(reports)
    raise WrongQuery(
        f"The report {name!r} does not exist.{hint} The reports are {names}; a file of your own ends with .sql."
    )


def read_query(path: Path) -> Query:
    """Read a query from a file. Raises ConfigError if the file can't be read."""
    try:
        return decode_query(path.read_bytes(), name=str(path))
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; name a SQL file that can be read, or a report that rtk-usage report lists"
        ) from error


def decode_query(content: bytes, *, name: str) -> Query:
    """Decode the text of a query. Raises ConfigError if it is not UTF-8."""
    try:
        return Query(name=name, sql=content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not text in UTF-8") from error
