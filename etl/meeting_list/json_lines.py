"""Read a meeting list in JSON lines: one value per line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from etl.meeting_list.entries import UnreadableEntry
from etl.meeting_list.json_values import read_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from etl.meeting_list.entries import Entry


def read_json_lines(file: TextIO) -> Iterator[Entry]:
    """Read one JSON value per line: an object with the IDs, or the meeting ID as a string."""
    for number, line in enumerate(file, 1):
        text = line.strip()
        if not text:
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield number, UnreadableEntry(text=text, problem=_describe(error, line)), None
        else:
            meeting_id, app_id = read_ids(value)
            yield number, meeting_id, app_id


def _describe(error: Exception, line: str) -> str:
    """Describe why a line is not JSON."""
    if isinstance(error, json.JSONDecodeError):
        column = len(line) - len(line.lstrip()) + error.pos + 1
        return f"can't be read: column {column} is not valid JSON ({error.msg}); expected a string or an object"
    return "can't be read: the line is not valid JSON; expected a string or an object"
