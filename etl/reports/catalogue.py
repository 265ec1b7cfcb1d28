"""The queries that can be asked: the reports in `sql/reports/`, a user's own file, or the text of a query."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ConfigError, WrongQuery
from etl.store import sql_files

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER, _COOKBOOK = "reports", "cookbook"
# The themes of the cookbook, in the order in which a reader asks.
THEMES = ("How much", "When", "Sessions", "Meetings", "Is anything missing")
_THEME = re.compile(r"^-- Theme: (.+)$", re.MULTILINE)
_TOTAL_ROW = re.compile(r"^-- Total row: ((?:.+,\n-- )*.+)$", re.MULTILINE)
_MAIN_COLUMNS = re.compile(r"^-- Main columns: ((?:.+,\n-- )*.+)$", re.MULTILINE)
_NOTE = re.compile(r"^-- Note: (.+(?:\n-- [^A-Z].*)*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The SQL of a query, and its name in messages.

    `added` are the columns of a report that have a total. `main` are those that it is about, which a narrow terminal
    shows before others. `note` is a sentence that readers of the table need: for a query of the cookbook, its question.
    `is_report` is false for a query of the cookbook or of a user.
    """

    name: str
    sql: str
    added: Sequence[str] = ()
    main: Sequence[str] = ()
    note: str = ""
    is_report: bool = False


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
        sql = sql_files.text(f"{_FOLDER}/{name}")
        return Query(
            name=f"report {name}",
            sql=sql,
            added=_named_columns(sql, _TOTAL_ROW),
            main=_named_columns(sql, _MAIN_COLUMNS),
            note=_note(sql),
            is_report=True,
        )
    similar = difflib.get_close_matches(name, reports, n=1)
    hint = f" Did you mean {similar[0]}?" if similar else ""
    names = ", ".join(reports)
    raise WrongQuery(
        f"The report {name!r} does not exist.{hint} The reports are {names}; a file of your own ends with .sql."
    )


def cookbook_themes() -> dict[str, dict[str, str]]:
    """Return the themes of the cookbook in their order: the name of each query, and the question that it answers."""
    themes: dict[str, dict[str, str]] = {theme: {} for theme in THEMES}
    for path in sql_files.names(_COOKBOOK):
        (theme,) = _THEME.findall(sql_files.text(path))
        themes[theme][path.partition("/")[2]] = describe(path)
    return themes


def find_cookbook_query(name: str) -> Query:
    """Find a query of the cookbook by its name. Raises WrongQuery if it is unknown.

    In the file, the path of the prices is one that any DuckDB client can open in a checkout. Here it is the option's.
    """
    names = [path.partition("/")[2] for path in sql_files.names(_COOKBOOK)]
    if name in names:
        sql = sql_files.text(f"{_COOKBOOK}/{name}").replace("'sql/prices.csv'", "$prices")
        return Query(name=name, sql=sql, note=describe(f"{_COOKBOOK}/{name}"))
    similar = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {similar[0]}?" if similar else "rtk-usage query --list shows the names."
    raise WrongQuery(f"{name!r} is neither SQL nor the name of a query in the cookbook. {hint}")


def _named_columns(sql: str, pattern: re.Pattern[str]) -> list[str]:
    """Return the columns that a line in the comment of a report names."""
    comment = pattern.search(sql)
    return re.findall(r"\w+", comment[1]) if comment else []


def _note(sql: str) -> str:
    """Return the note on a report from its comment, or an empty text."""
    comment = _NOTE.search(sql)
    return comment[1].replace("\n-- ", " ") if comment else ""


def read_query(path: Path) -> Query:
    """Read a query from a file. Raises ConfigError if the file can't be read."""
    try:
        return decode_query(path.read_bytes(), name=str(path))
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; name a SQL file that can be read, or a report or a query by its name, which "
            "rtk-usage report and rtk-usage query --list list"
        ) from error


def decode_query(content: bytes, *, name: str) -> Query:
    """Decode the text of a query. Raises ConfigError if it is not UTF-8."""
    try:
        return Query(name=name, sql=content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not text in UTF-8") from error
