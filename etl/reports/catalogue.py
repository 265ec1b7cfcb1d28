"""What can be asked: the reports in `sql/reports/`, a user's own file, or a query as it is typed."""

from __future__ import annotations

import csv
import difflib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ConfigError, WrongQuery
from etl.store import sql_files
from etl.values.meetings import is_id

if TYPE_CHECKING:
    from etl.settings import Period

_FOLDER = "reports"
_PRICES = ["type", "low_usd_per_minute", "high_usd_per_minute", "note"]
_PRICE = re.compile(r"\d{1,6}(\.\d+)?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Question:
    """SQL, and where it stands, for messages."""

    where: str
    sql: str


def reports() -> dict[str, str]:
    """The reports by name, with the sentence each begins with."""
    return {name.partition("/")[2]: sentence_of(name) for name in sql_files.names(_FOLDER)}


def sentence_of(name: str) -> str:
    """The first comment of a SQL file: what it is for, in a sentence for people."""
    return sql_files.text(name).partition("\n")[0].removeprefix("-- ")


def named(name: str) -> Question:
    """A report by its name, or a user's own file. Raises WrongQuery where it is neither, ConfigError for a bad file."""
    if name.endswith(".sql"):
        return from_file(Path(name))
    if name in (known := reports()):
        return Question(where=f"report {name}", sql=sql_files.text(f"{_FOLDER}/{name}"))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise WrongQuery(f"There is no report {name!r}.{hint} There are {', '.join(known)}, and files that end with .sql.")


def from_file(path: Path) -> Question:
    """A user's own query. Raises ConfigError where the file can't be read."""
    try:
        return from_bytes(path.read_bytes(), where=str(path))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def from_bytes(content: bytes, *, where: str) -> Question:
    """A query as it was read. Raises ConfigError where that is no text."""
    try:
        return Question(where=where, sql=content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where} is no text in UTF-8") from error


def parameters(period: Period, *, app_id: str | None, prices: Path | None) -> dict[str, object]:
    """What a query may name: the period, its zone, the app (None stands for all), the file of prices.

    Raises ConfigError where that can be no app's ID, or the user's own prices are none.
    """
    if app_id is not None and not is_id(app_id):
        raise ConfigError(f"--app-id {app_id!r} can be no app's ID")
    if prices is not None:
        _require_prices(prices)
    return {
        "since": period.since,
        "until": period.until,
        "tz": period.tz,
        "app_id": app_id,
        "prices": str(prices or sql_files.file("prices.csv")),
    }


def _require_prices(path: Path) -> None:
    """Refuse prices that would be misread: by their place, columns change their meaning; a type twice counts twice."""
    rows = _rows(path)
    if not rows or rows[0] != _PRICES:
        raise ConfigError(f"{path}: its first line must be {','.join(_PRICES)}")
    seen: set[str] = set()
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(_PRICES) or not all(map(_PRICE.fullmatch, row[1:3])):
            given = ",".join(row)
            raise ConfigError(f"{path}, line {number}: expected a type, two prices in USD and a note, not {given!r}")
        if row[0] in seen:
            raise ConfigError(f"{path}, line {number}: there are prices of {row[0]!r} above; a type has one line")
        seen.add(row[0])


def _rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file. Raises ConfigError where it can't be read as one."""
    try:
        return [row for row in csv.reader(io.StringIO(from_file(path).sql), strict=True) if row]
    except csv.Error as error:
        raise ConfigError(f"{path} is no CSV: {error}") from error
