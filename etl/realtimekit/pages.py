"""Reading a list whose pages drift while they are read.

Sorted by creation, the oldest first, new entries are appended, and those that end let all later ones move towards the
first page; nothing ever moves the other way. Read from the last page to the first, an entry that stays in the list
can therefore be met twice, and never be missed. How far the list reaches is asked of its first page, or, where that
does not count the list (older descriptions of the API have no `paging`), found out by doubling.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from etl.errors import FailureKind, GiveUp, Refused, RequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from etl.realtimekit.http.responses import Page

_log = logging.getLogger(__name__)

# A list may claim any length: what would take more pages than this is not believed.
MOST_PAGES = 10_000
# So many pages in a row that can't be had: the others would fare no better.
UNREADABLE_LIMIT = 3
# Entries that a page may lack or have too many, as a share of a page: the server need not count and select at once.
_SLACK = 0.05
# Counts that are multiples of so many, or of so many pages, are held against the page behind them: caps are round.
_ROUND = 5
# More of a page than this is not on another one by chance.
_MOST_AGAIN = 0.5


class DriftingList:
    """One reading of a list, page by page.

    `ask` gives a page by its number, from 1; `note` is told of every page that was had and returns the IDs of its
    entries. `page_size` is what is asked for; the server may give less.
    """

    def __init__(
        self, ask: Callable[[int], Awaitable[Page]], note: Callable[[Page], Sequence[str]], *, page_size: int
    ) -> None:
        self._ask = ask
        self._note = note
        self._asked_size = self._page_size = page_size
        self._seen_on: dict[str, int] = {}
        self._pages: dict[tuple[str, ...], int] = {}
        self._problem: RequestError | None = None
        self._failed = 0

    async def read(self) -> None:
        """Read the whole list. Raises the RequestError that left entries unread, once the rest of it is read."""
        first = await self._page(1)
        last = await self._last_found(first) if first.total is None else await self._last_counted(first, first.total)
        # Without a count the second page is asked for in any case: until it is, what it held may move to the first.
        if last > 1 or (first.total is None and first.entries):
            await self._read_back(last)

    async def _page(self, number: int) -> Page:
        """A page. One that repeats others is none of the list.

        A server that pages for ever gives such. Entries of the list move towards the first page only: what stood nearer
        to it before can't be here, and what stood further from it can only while the next page has other entries now.
        """
        page = await self._ask(number)
        ids = tuple(self._note(page))
        stood = [self._seen_on.get(entry_id, number) for entry_id in ids]
        most = len(ids) * _MOST_AGAIN
        if sum(before < number for before in stood) > most or self._pages.get(ids, number) not in {number, number + 1}:
            raise _repeating(number)
        if sum(before > number for before in stood) > most:
            following = self._note(await self._ask(number + 1))
            if len(set(ids).intersection(following)) > most:
                raise _repeating(number)
        self._seen_on.update(dict.fromkeys(ids, number))
        if ids:
            self._pages[ids] = number
        return page

    async def _try(self, number: int) -> Page | None:
        """A page, or None where it can't be had; several such in a row end the reading."""
        try:
            page = await self._page(number)
        except Refused:
            raise
        except RequestError as error:
            self._problem, self._failed = self._problem or error, self._failed + 1
            if self._failed == UNREADABLE_LIMIT:
                raise
            return None
        self._failed = 0
        return page

    async def _last_counted(self, first: Page, total: int) -> int:
        """The number of the last page, by the list's own count."""
        shown = len(first.entries)
        if (total and not shown) or shown - total > self._page_size * _SLACK:
            raise _miscounted(1, shown, total)
        if total > shown != self._page_size:
            _log.info("the API gives %d entries a page, not the %d that were asked for", shown, self._page_size)
        is_perhaps_of_page = 0 < total == shown and (shown == self._page_size or shown % _ROUND == 0)
        self._page_size = shown if total > shown else max(shown, self._page_size)
        last = _believed(math.ceil(total / self._page_size))
        if is_perhaps_of_page or (last > 1 and total % (_ROUND * self._page_size) == 0):
            await self._require_end(last + 1, total)
        return last

    async def _require_end(self, number: int, total: int) -> None:
        """Refuse a count that the page behind the last one exceeds: a page's own perhaps, or one that is capped."""
        page = await self._page(number)
        grown = max(0, (page.total or 0) - total)
        if len(page.entries) > grown:
            raise _miscounted(number, len(page.entries), total + grown)

    async def _last_found(self, first: Page) -> int:
        """The number of the last page that has entries, of a list that is not counted."""
        self._page_size = len(first.entries)  # whether that is a whole page only the next one can tell
        last, number = 1, 2
        while first.entries:
            entries = await self._entries(_believed(number))
            if not entries:
                return await self._last_between(last, number)
            last, number = number, 2 * number
            if entries < self._page_size:
                break
        return last

    async def _last_between(self, last: int, empty: int) -> int:
        """The last page with entries, of those from `last` up to an `empty` one."""
        while empty - last > 1:
            middle = (last + empty) // 2
            if await self._entries(middle):
                last = middle
            else:
                empty = middle
        return last

    async def _entries(self, number: int) -> int:
        """How many entries a page has. One that can't be had is taken for full: the way back asks for it again."""
        page = await self._try(number)
        return self._page_size if page is None else len(page.entries)

    async def _read_back(self, last: int) -> None:
        """Read from the last page to the first; one that can't be had costs none of the others."""
        self._problem, self._failed = None, 0
        for number in range(last, 0, -1):
            page = await self._try(number)
            if page is None:
                continue
            if not page.entries and self._asked_size - self._page_size <= self._asked_size * _SLACK:
                self._page_size = self._asked_size  # the first page lacked an entry: that was no cap
            if not self._is_counted(number, page):
                self._problem = self._problem or _miscounted(number, len(page.entries), page.total or 0)
                if not page.entries:
                    break  # a count that is far too high is not followed down
        if self._problem:
            raise self._problem

    def _is_counted(self, number: int, page: Page) -> bool:
        """Whether a page holds as many entries as the list's own count leaves for it."""
        if page.total is None:
            return True
        left = max(0, page.total - (number - 1) * self._page_size)
        return abs(min(self._page_size, left) - len(page.entries)) <= self._page_size * _SLACK


def requests_to_read(entries: int, page_size: int) -> int:
    """Return how many requests read a list that counts its entries, is whole, and does not change meanwhile."""
    if entries <= page_size:
        is_count_checked = entries == page_size or (entries > 0 and entries % _ROUND == 0)
        return 1 + is_count_checked
    return 1 + math.ceil(entries / page_size) + (entries % (_ROUND * page_size) == 0)


def _believed(pages: int) -> int:
    if pages > MOST_PAGES:
        raise _broken(f"it seems to have {pages:,} pages, and {MOST_PAGES:,} is the most that is read")
    return max(1, pages)


def _miscounted(number: int, entries: int, total: int) -> GiveUp:
    return _broken(f"page {number} holds {entries:,} entries, which is not what a list of {total:,} has there")


def _repeating(number: int) -> GiveUp:
    return _broken(f"page {number} repeats others")


def _broken(why: str) -> GiveUp:
    return GiveUp(FailureKind.MALFORMED, f"the list contradicts itself: {why}", http_status=200)
