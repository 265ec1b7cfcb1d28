"""What can be asked: the reports in `sql/reports/`, a user's own file, or a query as it is typed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl import queries
from etl.errors import ConfigError

if TYPE_CHECKING:
    from etl.settings import Period

_FOLDER = "reports"


@dataclass(frozen=True, kw_only=True)
class Question:
    """SQL, and where it stands, for messages."""

    where: str
    sql: str


def reports() -> dict[str, str]:
    """The reports by name, with the sentence each begins with."""
    return {name.partition("/")[2]: sentence_of(name) for name in queries.names(_FOLDER)}


def sentence_of(name: str) -> str:
    """The first comment of a SQL file: what it is for, in a sentence for people."""
    return queries.text(name).partition("\n")[0].removeprefix("-- ")


def named(name: str) -> Question:
    """A report by its name, or a user's own file. Raises ConfigError where it is neither."""
    if name.endswith(".sql"):
        return from_file(Path(name))
    if name in (known := reports()):
        return Question(where=f"report {name}", sql=queries.text(f"{_FOLDER}/{name}"))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ConfigError(f"there is no report {name}{hint} There are {', '.join(known)}, and files that end with .sql")


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
    """What a query may name: the period, its zone, the app (None stands for all), the file of prices."""
    return {
        "since": period.since,
        "until": period.until,
        "tz": period.tz,
        "app_id": app_id,
        "prices": str(prices or queries.file("prices.csv")),
    }
