"""The formats of an answer: CSV, JSON, JSON lines, Markdown, Parquet and Excel, and the cells of tables."""

from __future__ import annotations

import io
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.reports.workbook import make_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

# The last word of a column's name is its unit.
_UNITS = {"minutes": "minutes", "seconds": "s", "usd": "USD", "percent": "%"}
_ONE_DECIMAL = "_percent"
_ISO_8601 = "%Y-%m-%dT%H:%M:%S%.f%:z"
_EXACT = "%Y-%m-%d %H:%M:%S%.f"
READABLE, TO_THE_MINUTE = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"
NO_VALUE = "–"  # noqa: RUF001  # an en dash on purpose: a missing value must not look like zero


def heading(column: str) -> str:
    """Return the name of a column for people, with its unit: `low_usd` becomes `low (USD)`."""
    words = column.split("_")
    if len(words) > 1 and words[-1] in _UNITS:
        return f"{' '.join(words[:-1])} ({_UNITS[words[-1]]})"
    return " ".join(words)


def is_number(kind: pl.DataType) -> bool:
    """Return True for a column of numbers, which are aligned on the right."""
    return kind.is_numeric()


def cells(frame: pl.DataFrame, tz: str, *, instants: str) -> list[list[str]]:
    """Format the values of each column for people: instants in the zone, two decimals, a dash for no value."""
    return [
        [NO_VALUE if value is None else _cell(value, name) for value in _in_zone(frame[name], tz, instants).to_list()]
        for name in frame.columns
    ]


def exact_cells(frame: pl.DataFrame, tz: str) -> list[list[str]]:
    """Format the values of each column with all their digits, instants in the zone, and a dash for no value."""
    return [
        [NO_VALUE if value is None else _exact_cell(value) for value in _in_zone(frame[name], tz, _EXACT).to_list()]
        for name in frame.columns
    ]


def printable(text: str) -> str:
    """Replace everything in a text that would move the cursor of a terminal, or hide something."""
    one_line = " ".join(text.split()) if any(character.isspace() and character != " " for character in text) else text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in one_line)


def records(frame: pl.DataFrame, tz: str) -> list[dict[str, Any]]:
    """Convert the rows to objects that JSON can hold."""
    rows = _with_instants(frame, tz).iter_rows(named=True)
    return [{name: _json_value(value) for name, value in row.items()} for row in rows]


def as_csv(frame: pl.DataFrame, tz: str) -> bytes:
    """Format CSV (RFC 4180) with a header. Instants are ISO 8601 with the offset of the zone.

    Decimals are exact, and a missing value is an empty field. Lists and structs are JSON. Text is not escaped for
    spreadsheets, which may read it as a formula.
    """
    return _without_nesting(_with_instants(frame, tz)).write_csv().encode()


def as_json(frame: pl.DataFrame, tz: str) -> bytes:
    """Format an array of objects. Figures are numbers, instants are ISO 8601 with the offset of the zone."""
    objects = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records(frame, tz))
    return f"[\n{objects}\n]\n".encode() if objects else b"[]\n"


def as_jsonl(frame: pl.DataFrame, tz: str) -> bytes:
    """Format one object per line, with the values of `as_json`."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records(frame, tz)).encode()


def as_markdown(frame: pl.DataFrame, tz: str) -> bytes:
    """Format a report as a Markdown table, as GitHub renders it. Characters of Markdown and HTML are escaped."""
    return _markdown(frame, [heading(name) for name in frame.columns], cells(frame, tz, instants=READABLE))


def as_exact_markdown(frame: pl.DataFrame, tz: str) -> bytes:
    """Format the answer to a user's query as `as_markdown` does, with the names and digits that it has."""
    return _markdown(frame, frame.columns, exact_cells(frame, tz))


def _markdown(frame: pl.DataFrame, headings: list[str], columns: list[list[str]]) -> bytes:
    rules = ["--:" if is_number(kind) else "---" for kind in frame.dtypes]
    rows = [headings, *zip(*columns, strict=True)]
    head, *body = ([_escape_markdown(cell) for cell in row] for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rules, *body)).encode()


def as_parquet(frame: pl.DataFrame, _tz: str) -> bytes:
    """Format a Parquet file with the types of the columns. Instants are in UTC."""
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def as_excel(frame: pl.DataFrame, tz: str) -> bytes:
    """Format an Excel workbook with one sheet. Lists and structs are JSON."""
    return make_workbook(_without_nesting(frame), tz)


FORMATS: dict[str, Callable[[pl.DataFrame, str], bytes]] = {
    "csv": as_csv,
    "json": as_json,
    "jsonl": as_jsonl,
    "markdown": as_markdown,
    "parquet": as_parquet,
    "xlsx": as_excel,
}
EXACT_FORMATS = FORMATS | {"markdown": as_exact_markdown}


def _cell(value: object, name: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return f"{int(value):,}"  # DuckDB's sum of integers
    if isinstance(value, float | Decimal):
        return f"{value:,.{1 if name.endswith(_ONE_DECIMAL) else 2}f}"
    return printable(value if isinstance(value, str) else _as_text(value))


def _exact_cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return printable(value if isinstance(value, str) else _as_text(value))


def _as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def _escape_markdown(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|")
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _with_instants(frame: pl.DataFrame, tz: str) -> pl.DataFrame:
    return frame.with_columns(_in_zone(frame[name], tz, _ISO_8601) for name in frame.columns)


def _in_zone(column: pl.Series, tz: str, pattern: str) -> pl.Series:
    """Format instants in the zone. Local times have no zone to convert, and other columns stay as they are."""
    if not isinstance(column.dtype, pl.Datetime):
        return column
    if column.dtype.time_zone is None:
        return column.dt.strftime(pattern.removesuffix("%:z"))
    return column.dt.convert_time_zone(tz).dt.strftime(pattern)


def _without_nesting(frame: pl.DataFrame) -> pl.DataFrame:
    """Convert nested values to JSON text."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [None if value is None else _as_text(value) for value in frame[name].to_list()], pl.String)
        for name in nested
    )


def _json_value(value: Any) -> Any:  # noqa: ANN401  # a database can hold any type
    """Convert a value to one that JSON can hold. Decimals become numbers, dates text, and nan and infinity null."""
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
