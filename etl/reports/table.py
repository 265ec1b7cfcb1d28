"""An answer as a table of text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from etl.reports.formats import READABLE, cells, exact_cells, heading, is_number, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

GAP = "  "
ELLIPSIS = "…"
# Wrapping takes a quarter of a millisecond per cell, so a table longer than this is not wrapped.
_MOST_WRAPPED_ROWS = 1000
_LEAST_NUMBER_WIDTH, _LEAST_TEXT_WIDTH = 12, 8
_TOTAL = "total"
_TYPE, _ADDED_TYPE = "type", "meeting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of formatted cells below the lines of its heading. `total` is the cell of the total row, or empty.

    `is_number` aligns the cells on the right. `is_text` is true for texts of any length.
    """

    name: str
    heading: Sequence[str]
    cells: Sequence[str]
    is_number: bool
    is_text: bool
    total: str = ""

    @property
    def width(self) -> int:
        """The width of the widest line, in columns of a terminal."""
        return max(map(text_width, (*self.heading, *self.cells, self.total)))


def as_table(frame: pl.DataFrame, tz: str, *, added: Collection[str] = ()) -> str:
    """Format all columns of a report, as wide as their cells. The columns `added` have a total below."""
    return layout(make_columns(frame, tz, added=added))


def as_exact_table(frame: pl.DataFrame, tz: str, *, width: int | None) -> str:
    """Format the answer to a user's query, with the names and digits that it has.

    Cells are wrapped at the `width` of a terminal; None wraps nothing.
    """
    columns = [
        Column(name=name, heading=[printable(name)], cells=texts, is_number=is_number(kind), is_text=kind == pl.String)
        for (name, kind), texts in zip(frame.schema.items(), exact_cells(frame, tz), strict=True)
    ]
    table = layout(columns)
    is_narrow = width is None or _table_width(table) <= width
    # A terminal breaks the lines of a table itself. Below its least width, that is easier to read than wrapped cells.
    if is_narrow or frame.height > _MOST_WRAPPED_ROWS or _least_width(columns) > (width or 0):
        return table
    return _wrapped(columns, width or 0)


def make_columns(
    frame: pl.DataFrame, tz: str, *, added: Collection[str] = (), instants: str = READABLE
) -> list[Column]:
    """Format the columns of a report. `instants` is the pattern of instants."""
    columns = zip(frame.schema.items(), cells(frame, tz, instants=instants), _totals(frame, tz, added), strict=True)
    return [
        Column(
            name=name,
            heading=printable(heading(name)).split(" "),
            cells=texts,
            is_number=is_number(kind),
            is_text=kind == pl.String,
            total=total,
        )
        for (name, kind), texts, total in columns
    ]


def layout(columns: Sequence[Column]) -> str:
    """Lay out columns below their headings. If a column has a total, a last row has the totals."""
    height = max((len(column.heading) for column in columns), default=0)
    has_totals = any(column.total for column in columns)
    labelled = next((column.name for column in columns if not column.total), None) if has_totals else None
    padded = []
    for column in columns:
        empty = [""] * (height - len(column.heading))
        total = _TOTAL if column.name == labelled else column.total
        padded.append(_padded([*empty, *column.heading, *column.cells, total], is_right=column.is_number))
    *lines, totals = [GAP.join(line) for line in zip(*padded, strict=True)] or [""]
    rule = "─" * max(map(text_width, [*lines, totals]))
    shown = [*lines[:height], rule, *lines[height:], *([rule, totals] if has_totals else [])]
    return "".join(f" {line.rstrip()}\n" for line in shown)


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes. Some characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  # most answers are ASCII and do without rich

    return cell_len(text)


def truncate(text: str, width: int) -> str:
    """Cut a text to so many columns of a terminal. The last of them is then an ellipsis."""
    if text_width(text) <= width:
        return text
    from rich.cells import set_cell_size  # noqa: PLC0415  # as above

    return f"{set_cell_size(text, width - 1).rstrip()}{ELLIPSIS}"


def _totals(frame: pl.DataFrame, tz: str, added: Collection[str]) -> list[str]:
    """Format the total of each column to add up, and an empty text for the others. One row needs no total.

    The total of a column without any value is unknown, not zero. Types of sessions are not added up: the total is that
    of the type meeting, and says so.
    """
    if frame.height <= 1 or not added:
        return [""] * frame.width
    has_types = _TYPE in frame.columns
    rows = frame.filter(pl.col(_TYPE) == _ADDED_TYPE) if has_types else frame
    if rows.is_empty():
        return [""] * frame.width
    sums = rows.select(
        (pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()) if name in added else pl.lit(None)).alias(name)
        for name in frame.columns
    )
    totals = cells(sums, tz, instants=READABLE)
    return [
        total if name in added else _ADDED_TYPE if has_types and name == _TYPE else ""
        for name, (total,) in zip(frame.columns, totals, strict=True)
    ]


def _least_width(columns: Sequence[Column]) -> int:
    least = [_LEAST_NUMBER_WIDTH if column.is_number else _LEAST_TEXT_WIDTH for column in columns]
    widths = [max(width, *map(text_width, column.heading)) for width, column in zip(least, columns, strict=True)]
    return sum(width + len(GAP) for width in widths)


def _padded(texts: list[str], *, is_right: bool) -> list[str]:
    """Pad texts with spaces to the width of the widest."""
    widths = [text_width(text) for text in texts]
    widest = max(widths, default=0)
    gaps = [" " * (widest - width) for width in widths]
    return [f"{gap}{text}" if is_right else f"{text}{gap}" for gap, text in zip(gaps, texts, strict=True)]


def _table_width(table: str) -> int:
    return max(map(text_width, table.splitlines()), default=0)


def _wrapped(columns: Sequence[Column], width: int) -> str:
    """Lay out a table within the width of a terminal. Long cells continue in the next line."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # only a table that is too wide for its terminal needs rich
    from rich.console import Console  # noqa: PLC0415  # as above
    from rich.table import Table  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415  # as above

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_right = column.is_number
        table.add_column(
            Text("\n".join(column.heading)), justify="right" if is_right else "left", overflow="fold", no_wrap=is_right
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, row))
    output = io.StringIO()
    Console(file=output, width=width, force_terminal=False, color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().strip("\n").splitlines())
