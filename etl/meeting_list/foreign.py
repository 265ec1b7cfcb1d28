"""Formats that are not meeting lists, recognised by how a file begins."""

from __future__ import annotations

import re
from typing import NamedTuple

_AS_CSV = "save the list as CSV, with a column meeting_id"
_AS_TEXT = "save the list as plain text, with one meeting ID per line"
_AS_PARQUET = "save the list as Parquet or CSV, with a column meeting_id"
_DECOMPRESS = "decompress it first"
_UNPACK = "unpack it first"


class ForeignFormat(NamedTuple):
    """A format that can't be read, and the way out."""

    name: str
    way_out: str


_BINARY = {
    rb"PK\x03\x04.*xl/": ForeignFormat("an Excel workbook", _AS_CSV),
    rb"PK\x03\x04.*opendocument\.spreadsheet": ForeignFormat("an OpenDocument spreadsheet", _AS_CSV),
    rb"PK\x03\x04.*(word/|opendocument\.text)": ForeignFormat("a document of a word processor", _AS_TEXT),
    rb"PK(\x03\x04|\x05\x06)": ForeignFormat("a ZIP archive", _UNPACK),
    rb"\xd0\xcf\x11\xe0": ForeignFormat("an old Excel workbook or another Office document", _AS_CSV),
    rb"\x1f\x8b": ForeignFormat("a file compressed with gzip", _DECOMPRESS),
    rb"BZh[1-9]1AY&SY": ForeignFormat("a file compressed with bzip2", _DECOMPRESS),
    rb"\xfd7zXZ": ForeignFormat("a file compressed with xz", _DECOMPRESS),
    rb"\x28\xb5\x2f\xfd": ForeignFormat("a file compressed with zstd", _DECOMPRESS),
    rb"7z\xbc\xaf": ForeignFormat("a 7-Zip archive", _UNPACK),
    rb".{257}ustar[\x00 ]": ForeignFormat("a tar archive", _UNPACK),
    rb"%PDF-": ForeignFormat("a PDF document", _AS_TEXT),
    rb"SQLite format 3\x00": ForeignFormat("a SQLite database", _AS_CSV),
    rb".{8}DUCK.\x00": ForeignFormat("a DuckDB database", _AS_PARQUET),
    rb"ARROW1\x00\x00": ForeignFormat("an Arrow or Feather file", _AS_PARQUET),
    rb"Obj\x01": ForeignFormat("an Avro file", _AS_PARQUET),
    rb"bplist00[\x80-\xff]": ForeignFormat("a property list", _AS_TEXT),
    rb"\x89PNG|\xff\xd8\xff": ForeignFormat("an image", _AS_TEXT),
}
_TEXT = {
    r"\{\\rtf": ForeignFormat("RTF", _AS_TEXT),
    r"<(!doctype html|html|head|body|table)": ForeignFormat("HTML", _AS_TEXT),
    r"<": ForeignFormat("XML or HTML", _AS_TEXT),
    r"(mime-version|content-type|from|subject): ": ForeignFormat("a saved message or page (MIME)", _AS_TEXT),
    r"(---|%yaml)\s|[\w-]+:(\s*[\r\n]\s*- | *\[)": ForeignFormat("YAML", _AS_TEXT),
    r"[\w-]+ *= *\[|\[\[?[a-z][\w.-]*\]\]?\s*[\r\n][\w-]+ *=": ForeignFormat("TOML", _AS_TEXT),
    r"[\[(]\s*([\[({]\s*)?'|\{\s*'[^']*'\s*[,}]": ForeignFormat(
        "a list as Python prints it", "write it with json.dumps, or save it as plain text, with one meeting ID per line"
    ),
    r"\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}": ForeignFormat("a list of UUIDs in braces", "remove the braces"),
    r"version https://git-lfs": ForeignFormat("a pointer of Git LFS", "get the file itself with `git lfs pull`"),
}
_COMMENTS = re.compile(r"(\s*#.*)*\s*")
# What the entries of a list look like if none of them is valid.
_WAYS_OUT = {
    r"[\"'`]|\\u20[13]|\\xab": "the IDs are in quotes: remove them, or save the list as CSV with a header or as JSON",
    r"(export +)?[A-Za-z_]\w* *=": "this is a file of variables: remove the names and = before the IDs",
    r"\d+[.):] ": "this is a numbered list: remove the numbers",
    r"\w+://": "these are addresses: keep only the meeting ID of each",
    r"[-*] |\\u2022": "this is a list in YAML or Markdown: remove the marks before the IDs",
    r".*[,;|]|.*\\t": "this is a table without a header: "
    "write one ID per line, or add a first line with the names of its columns",
}


def describe_way_out(entry: str) -> str:
    """Say what to do about a list whose first entry is like this."""
    found = (way_out for pattern, way_out in _WAYS_OUT.items() if re.match(pattern, entry))
    return next(found, "expected one meeting ID per line")


def find_binary_format(head: bytes) -> ForeignFormat | None:
    """Return the binary format that begins like this, or None."""
    return next((found for pattern, found in _BINARY.items() if re.match(pattern, head, re.DOTALL)), None)


def find_text_format(head: str) -> ForeignFormat | None:
    """Return the text format that begins like this, or None."""
    text = _COMMENTS.sub("", head, count=1)
    return next((found for pattern, found in _TEXT.items() if re.match(pattern, text, re.IGNORECASE)), None)
