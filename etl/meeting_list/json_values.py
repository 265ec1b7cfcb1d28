"""The IDs in a value of JSON: an object, or the meeting ID alone as a string."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from etl.meeting_list.columns import ColumnError, find_id_columns
from etl.meeting_list.entries import UnreadableEntry
from etl.values.meetings import quote


def read_ids(value: object) -> tuple[Any, Any]:
    """Return the meeting ID and the app ID of a value, of any type."""
    if isinstance(value, dict):
        try:
            meeting_key, app_key = _id_keys(tuple(value))
        except ColumnError as error:
            return UnreadableEntry(text=None, problem=f"can't be read: key {error}"), None
        return value[meeting_key], value[app_key] if app_key else None
    if isinstance(value, str):
        return value, None
    shown = quote(value) or "null"
    return UnreadableEntry(text=value, problem=f"is not text but {shown}; expected a string or an object"), None


@lru_cache(maxsize=256)  # a list may hold a million objects with the same keys
def _id_keys(names: tuple[str, ...]) -> tuple[str, str | None]:
    columns = find_id_columns(names)
    return names[columns.meeting], None if columns.app is None else names[columns.app]
