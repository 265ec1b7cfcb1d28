"""A report that fits the width of a terminal: without the columns that tell nothing, and with short IDs and texts."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

import polars as pl

from etl.reports.formats import READABLE, TO_THE_MINUTE
from etl.reports.table import ELLIPSIS, GAP, layout, make_columns, text_width, truncate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from etl.reports.table import Column

_SHORTEST_ID = 8  # characters
_SHORTEST_TEXT = 12
_APP = "app_id"
_SLOT = "slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTable:
    """The columns that a terminal shows, and those left out: for their constant value, or for lack of room."""

    columns: Sequence[Column]
    constants: Sequence[Column] = ()
    without_room: Sequence[Column] = ()


def as_fitted_table(
    frame: pl.DataFrame, tz: str, *, width: int, added: Collection[str] = (), main: Collection[str] = ()
) -> str:
    """Format the rows of a report for a terminal of some width. The columns `added` have a total below.

    A column with the same value in every row is left out, but not all figures: those that are `main` stay then. So are
    the last columns if there is no room for them, but those that are not `main` before these. A line below the table
    names both. IDs are cut to what tells them apart, and long texts end with an ellipsis.
    """
    fitted = _without_constants(_to_the_minute(frame, tz, added), width, main)
    fitted = replace(fitted, columns=[_with_short_ids(column) for column in fitted.columns])
    fitted = _with_room(fitted, width, main)
    fitted = replace(fitted, columns=_shortened(fitted.columns, width))
    return layout(fitted.columns) + "".join(f" {line}\n" for note in _notes(fitted) for line in _wrapped(note, width))


def _to_the_minute(frame: pl.DataFrame, tz: str, added: Collection[str]) -> list[Column]:
    """Format instants to the minute. Slots of runs by hand differ in their seconds, so these are shown."""
    columns = make_columns(frame, tz, added=added, instants=TO_THE_MINUTE)
    if not isinstance(frame.schema.get(_SLOT), pl.Datetime) or not (frame[_SLOT].dt.second() > 0).any():
        return columns
    (slots,) = make_columns(frame.select(_SLOT), tz, instants=READABLE)
    return [slots if column.name == _SLOT else column for column in columns]


def _with_short_ids(column: Column) -> Column:
    """Cut the IDs of a column to the shortest length that tells them apart."""
    if not (column.name.endswith("_id") and column.is_text):
        return column
    ids = set(column.cells)
    length = _SHORTEST_ID
    while len({text[:length] for text in ids}) < len(ids):
        length += 1
    return replace(column, cells=[truncate(cell, length + 1) for cell in column.cells], is_text=False)


def _without_constants(columns: Sequence[Column], width: int, main: Collection[str]) -> FittedTable:
    """Leave out the columns that have the same value in each of several rows.

    If no figure would be left, those that are `main` stay. The first column stays if the total row would lack its name.
    In a single row, every value is the same. If that row has no room, its zeros are left out.
    """
    constants = [column for column in columns if len(set(column.cells)) == 1]
    if columns and len(columns[0].cells) == 1:
        is_narrow = _table_width([column.width for column in columns]) <= width
        constants = [] if is_narrow else [column for column in columns if _is_zero(column)]
    names = {column.name for column in constants}
    if not any(column.is_number and column.name not in names for column in columns):
        names -= set(main)
    shown = [column for column in columns if column.name not in names]
    if columns and (not shown or shown[0].total):
        names.discard(columns[0].name)
    return FittedTable(
        columns=[column for column in columns if column.name not in names],
        constants=[column for column in columns if column.name in names],
    )


def _is_zero(column: Column) -> bool:
    return column.is_number and not column.cells[0].strip("0.")


def _shortened(columns: Sequence[Column], width: int) -> list[Column]:
    """Cut long texts to one length: the longest with which the table fits, but not below what can be read."""
    least = [_least_width(column) for column in columns]
    longest = [column.width for column in columns]
    for length in range(max(longest, default=0), _SHORTEST_TEXT, -1):
        widths = [max(low, min(high, length)) for low, high in zip(least, longest, strict=True)]
        if _table_width(widths) <= width:
            return _cut(columns, length)
    return _cut(columns, _SHORTEST_TEXT)


def _least_width(column: Column) -> int:
    """Return the width that a column can't be cut below: that of its heading, or of all its cells."""
    return max(map(text_width, column.heading)) if column.is_text else column.width


def _cut(columns: Sequence[Column], length: int) -> list[Column]:
    return [
        replace(column, cells=[truncate(cell, length) for cell in column.cells]) if column.is_text else column
        for column in columns
    ]


def _with_room(fitted: FittedTable, width: int, main: Collection[str]) -> FittedTable:
    """Leave out the last columns until the table can be as narrow as the width.

    The first column stays. The columns `main` are left out after all others. The app is left out last, because rows of
    several apps can be equal without it.
    """

    def rank(item: tuple[int, Column]) -> int:
        """Return 0 for a column that stays longest, and a higher number for one that is left out earlier."""
        number, column = item
        return 0 if number == 0 or column.name == _APP else 1 if column.name in main else 2

    ranked = sorted(enumerate(fitted.columns), key=rank)
    widths = [max(_least_width(column), min(column.width, _SHORTEST_TEXT)) for _, column in ranked]
    ends = accumulate(width + len(GAP) for width in widths)
    shown = {number for (number, _), end in zip(ranked, ends, strict=True) if number == 0 or end - 1 <= width}
    return replace(
        fitted,
        columns=[column for number, column in enumerate(fitted.columns) if number in shown],
        without_room=[column for number, column in enumerate(fitted.columns) if number not in shown],
    )


def _table_width(widths: Sequence[int]) -> int:
    return 1 + sum(widths) + len(GAP) * (len(widths) - 1)


def _wrapped(note: str, width: int) -> list[str]:
    """Wrap a note between words. An ID, which may have hyphens, stays whole, so that it can be copied."""
    return textwrap.wrap(note, max(width - 1, _SHORTEST_TEXT), break_on_hyphens=False)


def _notes(fitted: FittedTable) -> list[str]:
    """Return the notes below the table: which columns are left out, and how to see what is cut."""
    constants = "; ".join(map(_constant, fitted.constants))
    without_room = ", ".join(" ".join(column.heading) for column in fitted.without_room)
    lines = [f"The same in every row: {constants}."] if constants else []
    lines += [f"No room for: {without_room}."] if without_room else []
    if lines:
        return [*lines, "--wide shows all columns."]
    is_cut = any(cell.endswith(ELLIPSIS) for column in fitted.columns for cell in column.cells)
    return ["--wide shows whole texts and IDs."] if is_cut else []


def _constant(column: Column) -> str:
    """Return the heading and the value of a column that is left out, and its total if that is another figure."""
    total = f" (total {column.total})" if column.total not in ("", column.cells[0]) else ""
    return f"{' '.join(column.heading)} {column.cells[0]}{total}"
