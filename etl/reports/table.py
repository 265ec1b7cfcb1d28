"""An answer as a table on a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from etl.reports.formats import cells, heading, is_number, printable

if TYPE_CHECKING:
    import polars as pl

# Wrapping takes a quarter of a millisecond per cell, so a table longer than this is not wrapped.
_MOST_WRAPPED_ROWS = 1000
_LEAST_NUMBER_WIDTH, _LEAST_TEXT_WIDTH = 12, 8
_GAP = "   "


def as_table(frame: pl.DataFrame, tz: str, *, width: int | None) -> str:
    """Format a table for people. Cells are wrapped at the `width` of the terminal; None wraps nothing."""
    headings = [printable(heading(name)).split(" ") for name in frame.columns]
    are_numbers = [is_number(kind) for kind in frame.dtypes]
    rows = cells(frame, tz)
    table = layout(headings, rows, are_numbers)
    if width is None or len(rows) > _MOST_WRAPPED_ROWS or _width_of_lines(table.splitlines()) <= width:
        return table
    # A terminal breaks the lines of a table itself. Below this width, that is easier to read than wrapped cells.
    if _least_width(headings, are_numbers) > width:
        return table
    return _wrapped(headings, rows, are_numbers, width)


def layout(headings: list[list[str]], rows: list[list[str]], are_numbers: list[bool]) -> str:
    """Lay out columns as wide as their widest cell, below headings of several lines. Numbers are on the right."""
    height = max((len(lines) for lines in headings), default=0)
    heads = [[""] * (height - len(lines)) + lines for lines in headings]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in heads]
    padded = [_padded([*head, *column], right) for head, column, right in zip(heads, columns, are_numbers, strict=True)]
    lines = [_GAP.join(line) for line in zip(*padded, strict=True)]
    rule = "─" * _width_of_lines(lines)
    return "".join(f" {line.rstrip()}\n" for line in (*lines[:height], rule, *lines[height:]))


def _least_width(headings: list[list[str]], are_numbers: list[bool]) -> int:
    least = [_LEAST_NUMBER_WIDTH if is_right else _LEAST_TEXT_WIDTH for is_right in are_numbers]
    widths = [max(width, _width_of_lines(lines)) for width, lines in zip(least, headings, strict=True)]
    return sum(width + len(_GAP) for width in widths)


def _padded(texts: list[str], is_right: bool) -> list[str]:  # noqa: FBT001  # always passed by position, from a list of columns
    """Pad texts with spaces to the width of the widest."""
    widths = [_width(text) for text in texts]
    widest = max(widths, default=0)
    gaps = [" " * (widest - width) for width in widths]
    return [f"{gap}{text}" if is_right else f"{text}{gap}" for gap, text in zip(gaps, texts, strict=True)]


def _width_of_lines(lines: list[str]) -> int:
    return max(map(_width, lines), default=0)


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes. Some characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  # most answers are ASCII and do without rich

    return cell_len(text)


def _wrapped(headings: list[list[str]], rows: list[list[str]], are_numbers: list[bool], width: int) -> str:
    """Lay out a table within the width of a terminal. Long cells continue in the next line."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # only a table that is too wide for its terminal needs rich
    from rich.console import Console  # noqa: PLC0415  # as above
    from rich.table import Table  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415  # as above

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for lines, right in zip(headings, are_numbers, strict=True):
        table.add_column(Text("\n".join(lines)), justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    output = io.StringIO()
    Console(file=output, width=width, force_terminal=False, color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().strip("\n").splitlines())
