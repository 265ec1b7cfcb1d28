"""A frame as text or bytes: a table for people, or a format for programs."""

from __future__ import annotations

import io
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# Units stand at the end of a column's name.
_UNITS = {"minutes": "minutes", "seconds": "s", "usd": "USD", "percent": "%"}
_ONE_DECIMAL = "_percent"
_INSTANT = "%Y-%m-%dT%H:%M:%S%.f%:z"
_READABLE = "%Y-%m-%d %H:%M:%S"
NOTHING = "–"  # noqa: RUF001  # a dash for people: empty is not zero


def heading(column: str) -> str:
    """A column's name for people, with its unit: `low_usd` is `low (USD)`."""
    words = column.split("_")
    if len(words) > 1 and words[-1] in _UNITS:
        return f"{' '.join(words[:-1])} ({_UNITS[words[-1]]})"
    return " ".join(words)


def is_figure(kind: pl.DataType) -> bool:
    """Whether a column holds numbers, which stand at the right."""
    return kind.is_numeric()


def cells(frame: pl.DataFrame, tz: str) -> list[list[str]]:
    """The rows as texts for people: instants in the zone, two decimals, thousands separated, nothing as a dash."""
    columns = [_cells(_in_zone(frame[name], tz, _READABLE), name) for name in frame.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def as_csv(frame: pl.DataFrame, tz: str) -> bytes:
    """RFC 4180 with a header; instants in ISO 8601 with the zone's offset, decimals as they are, nothing as nothing.

    Lists and structs are JSON. Text is left as it is, also where a spreadsheet would take it for a formula.
    """
    return _flat(_with_instants(frame, tz)).write_csv().encode()


def as_json(frame: pl.DataFrame, tz: str) -> bytes:
    """An array of objects; figures are numbers, instants ISO 8601 with the zone's offset."""
    objects = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records(frame, tz))
    return f"[\n{objects}\n]\n".encode() if objects else b"[]\n"


def as_jsonl(frame: pl.DataFrame, tz: str) -> bytes:
    """An object a line, otherwise as `as_json`."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records(frame, tz)).encode()


def as_markdown(frame: pl.DataFrame, tz: str) -> bytes:
    """A table as GitHub renders it; what would end a cell or be taken for HTML is escaped."""
    names = [_in_markdown(heading(name)) for name in frame.columns]
    rules = ["--:" if is_figure(kind) else "---" for kind in frame.dtypes]
    rows = [[_in_markdown(cell) for cell in row] for row in cells(frame, tz)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (names, rules, *rows)).encode()


def as_parquet(frame: pl.DataFrame, _tz: str) -> bytes:
    """A Parquet file with the columns' own types; instants are UTC."""
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def as_table(frame: pl.DataFrame, tz: str, *, width: int | None) -> str:
    """A table for people. `width` is that of the terminal, in which cells are wrapped; None wraps nothing."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # tables for people only
    from rich.console import Console  # noqa: PLC0415  # tables for people only
    from rich.table import Table  # noqa: PLC0415  # tables for people only
    from rich.text import Text  # noqa: PLC0415  # tables for people only

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, kind in zip(frame.columns, frame.dtypes, strict=True):
        title = Text(heading(name).replace(" ", "\n"))
        side: Literal["left", "right"] = "right" if is_figure(kind) else "left"
        table.add_column(title, justify=side, overflow="fold", no_wrap=width is None)
    for row in cells(frame, tz):
        table.add_row(*(Text(cell) for cell in row))
    output = io.StringIO()
    unlimited = 100_000
    console = Console(file=output, width=width or unlimited, force_terminal=False, color_system=None)
    console.print(table)
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"


FORMATS: dict[str, Callable[[pl.DataFrame, str], bytes]] = {
    "csv": as_csv,
    "json": as_json,
    "jsonl": as_jsonl,
    "markdown": as_markdown,
    "parquet": as_parquet,
}


def _cells(column: pl.Series, name: str) -> list[str]:
    return [NOTHING if value is None else _cell(value, name) for value in column.to_list()]


def _cell(value: object, name: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.{1 if name.endswith(_ONE_DECIMAL) else 2}f}"
    return printable(value if isinstance(value, str) else _as_text(value))


def printable(text: str) -> str:
    """A text without what would move a terminal's cursor or hide something."""
    one_line = " ".join(text.split()) if any(character.isspace() and character != " " for character in text) else text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in one_line)


def _as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def _in_markdown(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|")
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _with_instants(frame: pl.DataFrame, tz: str) -> pl.DataFrame:
    return frame.with_columns(_in_zone(frame[name], tz, _INSTANT) for name in frame.columns)


def _in_zone(column: pl.Series, tz: str, pattern: str) -> pl.Series:
    """Instants as text in the zone; local times as they are; anything else untouched."""
    if not isinstance(column.dtype, pl.Datetime):
        return column
    if column.dtype.time_zone is None:
        return column.dt.strftime(pattern.removesuffix("%:z"))
    return column.dt.convert_time_zone(tz).dt.strftime(pattern)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Nested values as JSON text."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    texts = (pl.Series(name, [_text_or_none(value) for value in frame[name].to_list()], pl.String) for name in nested)
    return frame.with_columns(texts)


def _text_or_none(value: object) -> str | None:
    return None if value is None else _as_text(value)


def records(frame: pl.DataFrame, tz: str) -> list[dict[str, Any]]:
    """The rows as objects of what JSON can hold."""
    rows = _with_instants(frame, tz).iter_rows(named=True)
    return [{name: _in_json(value) for name, value in row.items()} for row in rows]


def _in_json(value: Any) -> Any:  # noqa: ANN401  # whatever a database holds
    """A value that JSON can hold: decimals are numbers, what is not finite is nothing, dates are text."""
    if isinstance(value, dict):
        return {str(key): _in_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_in_json(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def instant(at: datetime, tz: str) -> str:
    """An instant for people, in the zone."""
    return at.astimezone(ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")
