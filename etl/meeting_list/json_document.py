"""Read a meeting list in a JSON document: an array, the answer of the API, or several of these in one file."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.meeting_list.columns import list_names
from etl.meeting_list.entries import UnreadableEntry
from etl.meeting_list.json_scanner import JsonScanner
from etl.meeting_list.json_values import read_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from etl.meeting_list.entries import Entry

_log = logging.getLogger(__name__)

# The keys under which an answer of the API, or a program that stores answers, has the list.
_LISTS = ("data", "result", "meetings", "sessions")
_MANY_LINES = re.compile(r"\[|\{\s*[\r\n]")


def is_document(head: str) -> bool:
    """Return True if a text starts like an array, an answer of the API, or an object that takes several lines.

    So does an object that is alone in the file, or has a list and no ID of its own, whatever its other keys are.
    """
    text = head.lstrip()
    if _MANY_LINES.match(text):
        return True
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return text.startswith("{") and "\n" not in text  # perhaps an object that goes on after this part
    is_alone = not text[end:].strip()
    return isinstance(value, dict) and (is_alone or (_has_list(value) and _has_no_id(value)))


def _has_list(fields: dict[str, object]) -> bool:
    return any(isinstance(fields.get(key), list | dict) for key in _LISTS)


def _has_no_id(fields: dict[str, object]) -> bool:
    return isinstance(read_ids(fields)[0], UnreadableEntry)


def read_json_document(file: TextIO, name: str) -> Iterator[Entry]:
    """Read the elements of an array, or of the list in an answer of the API. The line is that where one starts.

    Raises ConfigError if the text is not valid JSON, or is one object without a list and without an ID. Logs a warning
    if the answer says that the list is longer.
    """
    document = _Document(JsonScanner(file, name))
    entries = 0
    for entries, entry in enumerate(document.read(), 1):  # noqa: B007  # the number of entries is used after the loop
        yield entry
    if entries == 1 and document.without_list:
        line, keys = document.without_list
        raise ConfigError(
            f"{name}, line {line}: JSON object without a list: found keys {list_names(keys)}, "
            f"expected {', '.join(_LISTS[:-1])} or {_LISTS[-1]}, or one meeting_id"
        )
    if document.total > entries:
        page = "%s: the answer of the API is one page of a list: %d of its %d meetings; add the other pages, or use "
        _log.warning(f"{page}`rtk-usage meetings`", name, entries, document.total)


class _Document:
    """The values of a JSON text.

    `total` is the number of meetings that an answer of the API counts. `without_list` are the line and the keys of an
    object that has neither a list nor an ID.
    """

    def __init__(self, scanner: JsonScanner) -> None:
        self.total = 0
        self.without_list: tuple[int, list[str]] | None = None
        self._scanner = scanner

    def read(self) -> Iterator[Entry]:
        """Read all values to the end of the text."""
        while self._scanner.peek():
            yield from self._read_value()

    def _read_value(self) -> Iterator[Entry]:
        """Read a value: the elements of an array, the list in an object, or an entry."""
        opening = self._scanner.peek()
        if opening == "[":
            for _ in self._scanner.elements():
                yield self._read_entry()
        elif opening == "{":
            yield from self._read_object()
        else:
            yield self._read_entry()

    def _read_entry(self) -> Entry:
        self._scanner.peek()
        line = self._scanner.line
        meeting_id, app_id = read_ids(self._scanner.value())
        return line, meeting_id, app_id

    def _read_object(self) -> Iterator[Entry]:
        """Read the list in an object. An object without a list is an entry itself."""
        line, fields, has_list = self._scanner.line, {}, False
        for key in self._scanner.keys():  # noqa: SIM118  # not a mapping
            if key in _LISTS and self._scanner.peek() in "[{":
                has_list = True
                yield from self._read_value()
            else:
                fields[key] = self._scanner.value()
        if not has_list:
            if _has_no_id(fields):
                self.without_list = line, list(fields)
            yield line, *read_ids(fields)
        paging = fields.get("paging")
        total = paging.get("total_count") if isinstance(paging, dict) else None
        self.total = max(self.total, total if isinstance(total, int) else 0)
