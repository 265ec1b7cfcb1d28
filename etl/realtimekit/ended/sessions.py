"""The list of an app's ended sessions, which only grows while it is read.

A session that ends takes its place by its creation, so that those behind it move towards later pages and none towards
earlier ones. Read from the first page on, a session may be met twice, and one that had ended before the reading began
is never missed. The end of the list is an empty page, since neither a short page nor a count proves it: the API may
give fewer entries than it is asked for, and count what it likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.errors import FailureKind, GiveUp, Refused, RequestError
from etl.realtimekit.pages import MOST_PAGES, UNREADABLE_LIMIT
from etl.values.fetch import Observation
from etl.values.meetings import ALL_MEETINGS, Meeting, is_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from etl.realtimekit.http.client import RealtimeKit
    from etl.realtimekit.http.responses import Page

_LIVE = "LIVE"
# A count may be a session ahead of the page that it comes with: the server need not count and select at once.
_READINGS = 2
_OK = 200


class EndedList:
    """The sessions of an app that started since an instant and have ended, as far as they are read.

    `observations` are the entries that are not live, by their IDs, as last seen; what is wrong with an entry is
    `final_rows`'s to say. `met` are the IDs of all. `error` says why the list is not read to its end.
    """

    def __init__(self, app_id: str, since: datetime, *, now: Callable[[], datetime]) -> None:
        self.app_id = app_id
        self.observations: dict[str, Observation] = {}
        self.met: set[str] = set()
        self.is_begun = False
        self.error: RequestError | None = None
        self._since = since
        self._now = now

    async def read(self, client: RealtimeKit, *, most_pages: int = MOST_PAGES) -> None:
        """Read the whole list. Raises the RequestError that left entries unread, once the rest of it is read."""
        try:
            for _ in range(_READINGS):
                count = await self._read(client, most_pages)
                if count is None or count <= len(self.met):
                    return
        except RequestError as error:
            self.error = error
            raise
        self.error = _broken(f"it counts {count:,} sessions and shows {len(self.met):,}")
        raise self.error

    async def _read(self, client: RealtimeKit, most_pages: int) -> int | None:
        """Read it once, forward; how many entries it counted when that began, or None where it does not say.

        A page that can't be had costs none of the others, unless it is the first or there are several in a row.
        """
        reading = _Reading()
        problem: RequestError | None = None
        failed = 0
        for number in range(1, most_pages + 1):
            try:
                page = await client.ended_sessions(self.app_id, number, self._since)
            except RequestError as error:
                problem, failed = problem or error, failed + 1
                if isinstance(error, Refused) or number == 1 or failed == UNREADABLE_LIMIT:
                    raise
                continue
            failed = 0
            if reading.is_ended_by(page, self._note(page, client.attempts)):
                if problem:
                    raise problem
                return reading.count
        raise _broken(f"it has more than {most_pages:,} pages")

    def _note(self, page: Page, attempts: int) -> set[str]:
        """Note what a page holds; the keys of its entries, which are their IDs, or all of them where they have none."""
        self.is_begun = True
        now, keys = self._now(), set[str]()
        for entry in page.entries:
            payload: dict[str, Any] = entry if isinstance(entry, dict) else {"entry": entry}
            session_id, meeting_id = payload.get("id"), payload.get("associated_id")
            key = session_id if session_id and isinstance(session_id, str) else repr(payload)
            keys.add(key)
            if payload.get("status") != _LIVE:  # the API has not heeded what it was asked for
                meeting = Meeting(self.app_id, str(meeting_id) if is_id(meeting_id) else ALL_MEETINGS)
                self.observations[key] = Observation(meeting, now, payload, attempts)
        self.met |= keys
        return keys


class _Reading:
    """One reading: what it has seen, how many entries it was shown, and how many the list counted when it began."""

    def __init__(self) -> None:
        self.count: int | None = None
        self._seen: set[str] = set()
        self._shown = 0
        self._repeating = 0

    def is_ended_by(self, page: Page, keys: set[str]) -> bool:
        """Whether a page is the end: it is empty, or repeats what was seen where the list's own count ends.

        While the limit held the reading, as many sessions as a page holds may have taken their places before it: a page
        may then repeat others, and the next ones go on. Raises GiveUp where they don't.
        """
        self.count = page.total if self.count is None else self.count
        self._shown += len(page.entries)
        if keys - self._seen:
            self._seen |= keys
            self._repeating = 0
            return False
        self._repeating += 1
        if not keys or (page.total is not None and self._shown >= page.total):
            return True
        if self._repeating == UNREADABLE_LIMIT:
            raise _broken("its pages repeat others")
        return False


def _broken(why: str) -> GiveUp:
    return GiveUp(FailureKind.MALFORMED, f"the list contradicts itself: {why}", http_status=_OK)
