"""The parameters of a query: $since, $until, $tz, $app_id and $prices."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.store import sql_files
from etl.values.meetings import is_id

if TYPE_CHECKING:
    from pathlib import Path

    from etl.reports.periods import Period

_PRICE_COLUMNS = ["type", "low_usd_per_minute", "high_usd_per_minute", "note"]
_PRICE = re.compile(r"\d{1,6}(\.\d+)?", re.ASCII)


def query_parameters(period: Period, *, app_id: str | None = None, prices: Path | None = None) -> dict[str, object]:
    """Return the parameters that a query can name. Without an app they cover all apps.

    Raises ConfigError if the app's ID or the file of prices is not valid.
    """
    if app_id is not None and not is_id(app_id):
        raise ConfigError(f"--app-id {app_id!r} is not a valid app ID")
    if prices is not None:
        _check_prices(prices)
    return {
        "since": period.since,
        "until": period.until,
        "tz": period.tz,
        "app_id": app_id,
        "prices": str(prices or sql_files.file("prices.csv")),
    }


def _check_prices(path: Path) -> None:
    """Refuse a file of prices that would be misread: in another order of columns, or with a type in two lines."""
    rows = _read_csv(path)
    if not rows or rows[0] != _PRICE_COLUMNS:
        raise ConfigError(f"{path}: its first line must be {','.join(_PRICE_COLUMNS)}")
    types: set[str] = set()
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(_PRICE_COLUMNS) or not all(map(_PRICE.fullmatch, row[1:3])):
            line = ",".join(row)
            raise ConfigError(f"{path}, line {number}: expected a type, two prices in USD and a note, not {line!r}")
        if row[0] in types:
            raise ConfigError(f"{path}, line {number}: the type {row[0]!r} has prices in a line above; remove one")
        types.add(row[0])


def _read_csv(path: Path) -> list[list[str]]:
    """Read the rows of a CSV file. Raises ConfigError if that is not possible."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row for row in csv.reader(file, strict=True) if row]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8") from error
    except csv.Error as error:
        raise ConfigError(f"{path} is not a CSV file: {error}") from error
