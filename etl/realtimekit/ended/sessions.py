"""The list of an app's ended sessions. It only grows while it is read.

A session that ends is inserted by its creation, so that later ones move towards later pages. Read from the first page
on, a session may be seen twice, but one that had ended before the reading began is never missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.errors import RequestError
from etl.realtimekit.pages.forward import ForwardReader, read_forward
from etl.values.fetch import Observation
from etl.values.meetings import ALL_MEETINGS, Meeting, is_readable_id
from etl.values.session_status import is_live

if TYPE_CHECKING:
    from datetime import datetime

    from etl.realtimekit.http.client import RealtimeKit
    from etl.realtimekit.http.responses import ListPage
    from etl.realtimekit.http.session import ApiSession

# The total may be one session ahead of the page that states it: a server may count and select at different times.
_READINGS = 2


class EndedList:
    """The ended sessions of an app that started since an instant, as far as they are read.

    `observations` are the entries by their keys, as last seen; they are validated in `normalize`. `keys` are those of
    all entries, live ones too: the session ID where there is one. `error` says why the list was not read to its end.
    """

    def __init__(self, app_id: str, since: datetime, session: ApiSession) -> None:
        self.app_id = app_id
        self.observations: dict[str, Observation] = {}
        self.keys: set[str] = set()
        self.is_begun = False
        self.error: RequestError | None = None
        self._since = since
        self._session = session

    async def read(self, client: RealtimeKit) -> None:
        """Read the whole list. Raises the RequestError that left entries unread, once the rest of it is read."""

        def make_reader() -> ForwardReader:
            """Make a reader that records each page, for one reading of the list."""
            return ForwardReader(
                lambda number: client.ended_sessions(self.app_id, number, self._since),
                lambda page: self._record(page, client.attempts),
                page_size=client.page_size,
                is_growing=True,
            )

        try:
            await read_forward(make_reader, readings=_READINGS)
        except RequestError as error:
            self.error = error
            raise

    def _record(self, page: ListPage, attempts: int) -> list[str]:
        """Record the entries of a page, and return their keys."""
        self.is_begun = True
        now, keys, known = self._session.now(), [], len(self.observations)
        for place, entry in enumerate(page.entries):
            payload: dict[str, Any] = entry if isinstance(entry, dict) else {"entry": entry}
            session_id, meeting_id = payload.get("id"), payload.get("associated_id")
            key = session_id if session_id and isinstance(session_id, str) else f"{place}: {payload!r}"
            keys.append(key)
            if not is_live(payload):  # the API has ignored the filter
                meeting = Meeting(self.app_id, str(meeting_id) if is_readable_id(meeting_id) else ALL_MEETINGS)
                self.observations[key] = Observation(meeting, now, payload, attempts)
        self.keys.update(keys)
        self._session.report_sessions(len(self.observations) - known)
        return keys
