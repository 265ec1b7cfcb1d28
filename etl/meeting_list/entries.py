"""The entries of a meeting list, as a reader of a format returns them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

# The line number, the meeting ID and the app ID of an entry, as they are in the file and of any type.
Entry: TypeAlias = tuple[int, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The entries of a list, and the names of the columns of their IDs if the list is a table."""

    rows: Iterable[Entry]
    meeting_column: str | None = None
    app_column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableEntry:
    """Stands in the place of a meeting ID that can't be read from its entry: the text of the entry, and the reason."""

    text: object
    problem: str
