"""The columns of a table, or the keys of an object, that hold the meeting ID and the app ID."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from etl.values.meetings import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEPARATORS = re.compile(r"(?<=\w\w)[\s_-]+")  # between words: `I-D` is not `id`
_MOST_NAMES = 10
_MOST_CHARACTERS = 40


class ColumnError(ValueError):
    """No column is certainly the ID. The message names the columns, and follows the word "column" or "key"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdColumns:
    """The places of the meeting ID and of the app ID among the columns."""

    meeting: int
    app: int | None

    @property
    def are_first(self) -> bool:
        """True if no other column stands before one of these."""
        return {self.meeting, self.app} in ({0, None}, {0, 1})


@lru_cache(maxsize=256)  # a list may hold a million objects with the same keys
def find_id_columns(names: tuple[str, ...]) -> IdColumns:
    """Find the columns of the IDs by their names, in any spelling: `meeting_id`, `Meeting ID`, `meetingId`.

    `associated_id` is the name of the meeting ID in a session of the API. `id` is the meeting ID only if no other
    column than that of the app is called an ID. Raises ColumnError if none or several columns are the meeting ID.
    """
    plain = [_plain(name) for name in names]
    app = _find("app_id", names, plain)
    for name in ("meeting_id", "associated_id"):
        if (meeting := _find(name, names, plain)) is not None:
            return IdColumns(meeting=meeting, app=app)
    ids = [place for place, name in enumerate(plain) if name.endswith("id") and place != app]
    if len(ids) == 1 and plain[ids[0]] == "id":
        return IdColumns(meeting=ids[0], app=app)
    raise ColumnError(f"meeting_id is missing (found: {list_names(names)})")


def _find(wanted: str, names: Sequence[str], plain: Sequence[str]) -> int | None:
    """Return the place of a name: of its exact spelling, or else of its only spelling. None if it is missing."""
    places = [place for place, name in enumerate(plain) if name == _plain(wanted)]
    exact = [place for place in places if names[place] == wanted]
    if len(exact or places) > 1:
        raise ColumnError(f"{wanted} is ambiguous (found: {list_names(names)})")
    return next(iter(exact or places), None)


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def list_names(names: Sequence[str]) -> str:
    """List the first names of columns or keys, for a message."""
    shown = ", ".join(quote(name, _MOST_CHARACTERS) for name in names[:_MOST_NAMES])
    return (shown or "nothing") + (", ..." if len(names) > _MOST_NAMES else "")
