"""Read a meeting list in a table of text: CSV, TSV, and what spreadsheets write."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.meeting_list.columns import ColumnError, find_id_columns
from etl.meeting_list.entries import Entries, UnreadableEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from etl.meeting_list.columns import IdColumns
    from etl.meeting_list.entries import Entry

_DELIMITERS = ",;\t|"
_MAX_CELL_LENGTH = 2**31 - 1
_DECLARATION = re.compile(r'"?sep=(.)"?[ ,;\t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)  # the first line, from Excel


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a table: its delimiter, the names of its columns, and the number of lines before it."""

    delimiter: str
    names: tuple[str, ...]
    columns: IdColumns
    lines_before: int = 0


def find_header(head: str, *, delimiter: str = ",", lines_before: int = 0) -> Header:
    """Find the header of a table in the first part of its text, after some lines that are not part of the table.

    The delimiter is that of a line `sep=;`, or else the first that gives a column of meeting IDs, `delimiter` at first.
    Raises ColumnError if there is no such column.
    """
    if declaration := _DECLARATION.match(head):
        delimiters, lines_before = declaration[1], 1
    else:
        delimiters = delimiter + _DELIMITERS.replace(delimiter, "")
    rows = {each: _first_row(head, each, lines_before) for each in delimiters}
    widest = max(rows, key=lambda each: len(rows[each]))
    chosen = next((each for each in rows if _has_id_columns(rows[each])), widest)
    names = rows[chosen]
    return Header(delimiter=chosen, names=names, columns=find_id_columns(names), lines_before=lines_before)


def _first_row(head: str, delimiter: str, lines_before: int) -> tuple[str, ...]:
    """Return the cells of the first row, or none if it is not valid CSV with this delimiter."""
    lines = islice(io.StringIO(head, newline=""), lines_before, None)
    try:
        return tuple(name.strip() for name in next(csv.reader(lines, delimiter=delimiter, strict=True), []))
    except csv.Error:
        return ()


def _has_id_columns(names: tuple[str, ...]) -> bool:
    try:
        find_id_columns(names)
    except ColumnError:
        return False
    return True


def read_table(file: TextIO, name: str, header: Header) -> Entries:
    """Read the rows after a header. Blank rows are left out."""
    columns, names = header.columns, header.names
    return Entries(
        rows=_read_rows(file, name, header),
        meeting_column=names[columns.meeting],
        app_column=None if columns.app is None else names[columns.app],
    )


def _read_rows(file: TextIO, name: str, header: Header) -> Iterator[Entry]:
    csv.field_size_limit(_MAX_CELL_LENGTH)  # a cell that is too long for an ID must fail alone, however long it is
    width, id_at, app_at = len(header.names), header.columns.meeting, header.columns.app
    before = sum(1 for _ in islice(file, header.lines_before))
    rows = csv.reader(file, delimiter=header.delimiter, strict=True)
    try:
        next(rows)
        next_line = before + rows.line_num + 1
        for row in rows:
            line, next_line = next_line, before + rows.line_num + 1  # a cell may contain line breaks
            if not "".join(row).strip():
                continue
            if len(row) > width and not header.columns.are_first:
                yield line, UnreadableEntry(text=header.delimiter.join(row), problem=_too_long(row, header)), None
                continue
            row.extend([""] * (width - len(row)))
            yield line, row[id_at].strip(), row[app_at].strip() if app_at is not None else None
    except csv.Error as error:
        raise ConfigError(f"{name}, line {before + rows.line_num}: not valid CSV: {error}") from error


def _too_long(row: list[str], header: Header) -> str:
    """Describe a row with too many cells. One of them has an unquoted delimiter, so the others are displaced."""
    return (
        f"is uncertain, because the row has {len(row)} cells and the header {len(header.names)}; "
        f"expected quotes around a text with {header.delimiter!r}"
    )
