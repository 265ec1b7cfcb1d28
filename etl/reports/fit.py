"""A report that fits the width of a terminal: without the columns that tell nothing, and with short IDs and texts."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from etl.reports.formats import TO_THE_MINUTE
from etl.reports.table import GAP, layout, make_columns, truncate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import polars as pl

    from etl.reports.table import Column

_SHORTEST_ID = 8  # characters
_SHORTEST_TEXT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTable:
    """The columns that a terminal shows, and those left out: for their constant value, or for lack of room."""

    columns: Sequence[Column]
    constants: Sequence[Column] = ()
    without_room: Sequence[Column] = ()


def as_fitted_table(frame: pl.DataFrame, tz: str, *, width: int, added: Collection[str] = ()) -> str:
    """Format the rows of a report for a terminal of some width. The columns `added` have a total below.

    A column with the same value in every row is left out, as are the last columns if there is no room for them. A line
    below the table names both. IDs are cut to what tells them apart, and long texts end with an ellipsis.
    """
    fitted = _without_constants(make_columns(frame, tz, added=added, instants=TO_THE_MINUTE))
    columns = _shortened([_with_short_ids(column) for column in fitted.columns], width)
    fitted = _with_room(replace(fitted, columns=columns), width)
    notes = [line for note in _notes(fitted) for line in textwrap.wrap(note, max(width - 1, _SHORTEST_TEXT))]
    return layout(fitted.columns) + "".join(f" {line}\n" for line in notes)


def _with_short_ids(column: Column) -> Column:
    """Cut the IDs of a column to the shortest length that tells them apart."""
    if not (column.name.endswith("_id") and column.is_text):
        return column
    ids = set(column.cells)
    length = _SHORTEST_ID
    while len({text[:length] for text in ids}) < len(ids):
        length += 1
    return replace(column, cells=[truncate(cell, length + 1) for cell in column.cells], is_text=False)


def _without_constants(columns: Sequence[Column]) -> FittedTable:
    """Leave out the columns that have the same value in each of several rows."""
    constants = [column for column in columns if len(column.cells) > 1 and len(set(column.cells)) == 1]
    if len(constants) == len(columns):
        constants = constants[1:]
    return FittedTable(columns=[column for column in columns if column not in constants], constants=constants)


def _shortened(columns: Sequence[Column], width: int) -> list[Column]:
    """Cut long texts to one length: the longest with which the table fits, but not below what can be read."""
    longest = max((column.width for column in columns if column.is_text), default=0)
    for length in range(longest, _SHORTEST_TEXT, -1):
        shortened = _cut(columns, length)
        if _table_width(shortened) <= width:
            return shortened
    return _cut(columns, _SHORTEST_TEXT)


def _cut(columns: Sequence[Column], length: int) -> list[Column]:
    return [
        replace(column, cells=[truncate(cell, length) for cell in column.cells]) if column.is_text else column
        for column in columns
    ]


def _with_room(fitted: FittedTable, width: int) -> FittedTable:
    """Leave out the last columns until the table is as narrow as the width. The first column stays."""
    columns = list(fitted.columns)
    while len(columns) > 1 and _table_width(columns) > width:
        columns.pop()
    return replace(fitted, columns=columns, without_room=fitted.columns[len(columns) :])


def _table_width(columns: Sequence[Column]) -> int:
    return 1 + sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)


def _notes(fitted: FittedTable) -> list[str]:
    """Return the lines below the table, which name the columns that are left out."""
    constants = "; ".join(f"{' '.join(column.heading)} {column.cells[0]}" for column in fitted.constants)
    without_room = ", ".join(" ".join(column.heading) for column in fitted.without_room)
    lines = [f"The same in every row: {constants}."] if constants else []
    lines += [f"No room for: {without_room}."] if without_room else []
    return [*lines, "--wide shows all columns."] if lines else []
