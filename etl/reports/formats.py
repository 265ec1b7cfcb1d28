"""A frame as text or bytes: a table for people, or a format for programs."""

from __future__ import annotations

import io
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# Units stand at the end of a column's name.
_UNITS = {"minutes": "minutes", "seconds": "s", "usd": "USD", "percent": "%"}
_ONE_DECIMAL = "_percent"
# What stands in more rows than a screen has is not wrapped: that takes a quarter of a millisecond a cell.
_MOST_WRAPPED = 1000
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
    headings = [printable(heading(name)).split(" ") for name in frame.columns]
    to_right = [is_figure(kind) for kind in frame.dtypes]
    rows = cells(frame, tz)
    plain = layout(headings, rows, to_right)
    widest = max(map(_width, plain.splitlines()), default=0)
    if width is None or len(rows) > _MOST_WRAPPED or widest <= width or _least_width(headings, to_right) > width:
        return plain
    return _wrapped(headings, rows, to_right, width)


def _least_width(headings: list[list[str]], to_right: list[bool]) -> int:
    """Below this a wrapped table can't be read: a terminal that breaks the lines of a whole one does better."""
    least = [12 if right else 8 for right in to_right]
    return sum(max(one, *map(_width, lines)) + 3 for one, lines in zip(least, headings, strict=True))


def layout(headings: list[list[str]], rows: list[list[str]], to_right: list[bool]) -> str:
    """Columns as wide as what stands in them, under headings of several lines; a table of 100,000 rows in a second."""
    height = max((len(lines) for lines in headings), default=0)
    heads = [[""] * (height - len(lines)) + lines for lines in headings]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in heads]
    padded = [_padded([*head, *cells], right) for head, cells, right in zip(heads, columns, to_right, strict=True)]
    lines = ["   ".join(line) for line in zip(*padded, strict=True)]
    rule = "─" * max(map(_width, lines), default=0)
    return "".join(f" {line.rstrip()}\n" for line in (*lines[:height], rule, *lines[height:]))


def _padded(texts: list[str], to_right: bool) -> list[str]:  # noqa: FBT001  # as the column says
    """Texts of one width."""
    widths = [_width(text) for text in texts]
    widest = max(widths, default=0)
    gaps = [" " * (widest - width) for width in widths]
    return [f"{gap}{text}" if to_right else f"{text}{gap}" for gap, text in zip(gaps, texts, strict=True)]


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: some characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  # few names need it

    return cell_len(text)


def _wrapped(headings: list[list[str]], rows: list[list[str]], to_right: list[bool], width: int) -> str:
    """A table no wider than a terminal: what is too long goes on in the next line."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # tables for people only
    from rich.console import Console  # noqa: PLC0415  # tables for people only
    from rich.table import Table  # noqa: PLC0415  # tables for people only
    from rich.text import Text  # noqa: PLC0415  # tables for people only

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for lines, right in zip(headings, to_right, strict=True):
        table.add_column(Text("\n".join(lines)), justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    output = io.StringIO()
    Console(file=output, width=width, force_terminal=False, color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().strip("\n").splitlines())


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
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return f"{int(value):,}"  # DuckDB's sum of integers
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
