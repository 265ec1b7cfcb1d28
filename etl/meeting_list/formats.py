"""Detect the format of a meeting list, and read its entries."""

from __future__ import annotations

import codecs
import io
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.meeting_list.columns import ColumnError
from etl.meeting_list.entries import Entries
from etl.meeting_list.foreign import find_binary_format, find_text_format
from etl.meeting_list.json_document import is_document, read_json_document
from etl.meeting_list.json_lines import read_json_lines
from etl.meeting_list.parquet import read_parquet
from etl.meeting_list.table import find_header, read_table
from etl.meeting_list.text import read_text, remove_comment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, TextIO

    from etl.meeting_list.foreign import ForeignFormat
    from etl.meeting_list.table import Header

_HEAD_BYTES = 1 << 16
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON = {".json", ".jsonl", ".ndjson"}
_KNOWN = {"", ".txt", ".parquet", *_DELIMITERS, *_JSON}
_EXPECTED = "expected .txt, .csv, .tsv, .json, .jsonl, .ndjson or .parquet"
_HEADER = "expected a header with meeting_id and, for several apps, app_id; a list without a header is .txt"
_PARQUET = re.compile(rb"PAR1[^ -~\r\n]")
# UTF-32 before UTF-16, because the mark of one begins with that of the other.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Without a mark, the zeros of the first characters show the encoding, because a list begins in ASCII.
_ZEROS = {
    rb"[^\0]\0\0\0": "utf-32-le",
    rb"\0\0\0[^\0]": "utf-32-be",
    rb"([^\0]\0){2}": "utf-16-le",
    rb"(\0[^\0]){2}": "utf-16-be",
}


@contextmanager
def open_entries(source: Path | BinaryIO, name: str) -> Iterator[Entries]:
    """Open the source and yield its entries. Raises ConfigError if it can't be read, or not in its format."""
    ending = source.suffix.lower() if isinstance(source, Path) else ""
    try:
        with _open_seekable(source) as file:
            head = file.read(_HEAD_BYTES)
            file.seek(0)
            if _PARQUET.match(head) or ending == ".parquet":
                yield read_parquet(file if isinstance(file, io.BytesIO) else Path(name), name)
                return
            encoding, errors = _detect_encoding(head, ending, name)
            beginning = head.decode(encoding, errors)
            _refuse(find_text_format(beginning), name)
            newline = None if is_document(beginning) else ""
            with io.TextIOWrapper(file, encoding, errors, newline) as text:
                yield _read_text_format(text, beginning, ending, name)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"{name}: the meeting list can't be read: {reason}; name a file with one meeting ID per line"
        ) from error


@contextmanager
def _open_seekable(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a source that can be read from its beginning again. A pipe is read to its end first."""
    if not isinstance(source, Path):
        yield io.BytesIO(source.read())
        return
    with source.open("rb") as file:
        yield file if file.seekable() else io.BytesIO(file.read())


def _refuse(found: ForeignFormat | None, name: str) -> None:
    if found:
        raise ConfigError(f"{name}: this is {found.name}, not a meeting list; {found.way_out}")


def _detect_encoding(head: bytes, ending: str, name: str) -> tuple[str, str]:
    """Return the encoding of a text and what to do with bytes that are not valid in it.

    A byte order mark or the zeros of the first characters show the encoding; else it is UTF-8. Raises ConfigError if
    the file is not a text that can be read.
    """
    _refuse(find_binary_format(head), name)
    if ending not in _KNOWN:
        raise ConfigError(f"{name}: files with the ending {ending!r} can't be read; {_EXPECTED}")
    marked = (encoding for mark, encoding in _MARKS.items() if head.startswith(mark))
    unmarked = (encoding for zeros, encoding in _ZEROS.items() if re.match(zeros, head, re.DOTALL))
    encoding = next(marked, None) or next(unmarked, "utf-8-sig")
    # What stands for bytes that are not valid can't be part of an ID: only their line fails.
    return encoding, "surrogateescape" if encoding == "utf-8-sig" else "replace"


def _read_text_format(file: TextIO, beginning: str, ending: str, name: str) -> Entries:
    """Read JSON, a table or lines. The first character shows JSON, and the first line shows a table."""
    if ending in _JSON or beginning.lstrip()[:1] in {"[", "{"}:
        is_one = is_document(beginning)
        return Entries(rows=read_json_document(file, name) if is_one else read_json_lines(file))
    if ending in _DELIMITERS:
        try:
            return read_table(file, name, find_header(beginning, delimiter=_DELIMITERS[ending]))
        except ColumnError as error:
            raise ConfigError(f"{name}, line 1: column {error}; {_HEADER}") from None
    line, header = _find_header_in_text(beginning)
    if header and (len(header.names) > 1 or '"' in beginning.splitlines()[line - 1]):
        return read_table(file, name, header)
    return Entries(rows=read_text(file, after_line=line if header else 0))


def _find_header_in_text(beginning: str) -> tuple[int, Header | None]:
    """Return the number of the first line that is not blank and not a comment, and the header of a table if it is."""
    lines = enumerate(io.StringIO(beginning, newline=None), 1)
    first = next((number for number, line in lines if remove_comment(line.strip())), 1)
    try:
        return first, find_header(beginning, lines_before=first - 1)
    except ColumnError:
        return first, None
