"""Reading a list whose entries move towards the first page while it is read.

The list is sorted by creation, the oldest first: new entries are appended, and an entry that ends moves all later ones
towards the first page. Nothing moves the other way. Read from the last page to the first, an entry that stays in the
list can be seen twice, but never be missed.

The first page says how long the list is. If it does not (older descriptions of the API have no `paging`), the last page
is found by doubling.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from etl.realtimekit.http.responses import ListPage
from etl.realtimekit.pages.reader import MAX_PAGES, PageReader, contradiction, is_whole_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from etl.errors import GiveUp

_log = logging.getLogger(__name__)

# Entries that a page may lack or have too many, as a share of a page: a server may count and select at different times.
_TOLERANCE = 0.05
# A total that is a multiple of 5 entries or of 5 pages may be capped. The next page shows whether it is.
_CAP_MULTIPLE = 5
# A page repeats another one if it shares more than this share of its entries with it.
_REPEATED_SHARE = 0.5


def requests_to_read(entries: int, page_size: int) -> int:
    """Return how many requests read a list that counts its entries, is whole, and does not change meanwhile."""
    if entries <= page_size:
        is_count_checked = entries == page_size or (entries > 0 and entries % _CAP_MULTIPLE == 0)
        return 1 + is_count_checked
    return 1 + math.ceil(entries / page_size) + (entries % (_CAP_MULTIPLE * page_size) == 0)


class BackwardReader(PageReader):
    """One reading of a list, from its last page to its first. The server may give smaller pages than `page_size`."""

    def __init__(
        self,
        fetch_page: Callable[[int], Awaitable[ListPage]],
        record: Callable[[ListPage], Sequence[str]],
        *,
        page_size: int,
    ) -> None:
        super().__init__(fetch_page, record)
        self._requested_size = self._page_size = page_size
        self._page_of_key: dict[str, int] = {}
        self._number_of_page: dict[tuple[str, ...], int] = {}

    async def read(self) -> None:
        """Read the whole list. Raises the RequestError that left entries unread, once the rest of it is read."""
        first = await self._read_page(1)
        if first.total is None:
            last = await self._find_last(first)
        else:
            last = await self._last_by_total(first, first.total)
        # Without a total the second page was read too, and its entries may have moved to the first since.
        if last > 1 or (first.total is None and first.entries):
            await self._read_back(last)

    async def _read_page(self, number: int) -> ListPage:
        """Read a page. Raises GiveUp if the server repeats pages without an end.

        Entries only move towards page 1. If most entries of a page were on an earlier page before, the server repeats
        pages. If most were on a later page, they may have moved: the next page must then have other entries.
        """
        page = await self._fetch_page(number)
        keys = tuple(self._record(page))
        if number > 1 and self._number_of_page.get(keys) == 1 and is_whole_page(page, self._requested_size):
            return ListPage(entries=[], total=page.total)  # the server ignores the number, and page 1 is the list
        earlier_numbers = [self._page_of_key.get(key, number) for key in keys]
        most = len(keys) * _REPEATED_SHARE
        is_identical_elsewhere = self._number_of_page.get(keys, number) not in {number, number + 1}
        if is_identical_elsewhere or sum(earlier < number for earlier in earlier_numbers) > most:
            raise _repeats(number)
        if sum(earlier > number for earlier in earlier_numbers) > most:
            following = self._record(await self._fetch_page(number + 1))
            if len(set(keys).intersection(following)) > most:
                raise _repeats(number)
        self._page_of_key.update(dict.fromkeys(keys, number))
        if keys:
            self._number_of_page[keys] = number
        return page

    async def _last_by_total(self, first: ListPage, total: int) -> int:
        """Return the number of the last page, by the total that the list states."""
        shown = len(first.entries)
        if (total and not shown) or shown - total > self._page_size * _TOLERANCE:
            raise _miscounted(1, shown, total)
        if total > shown != self._page_size:
            _log.info("the API gives %d entries per page, not the %d that were requested", shown, self._page_size)
        is_perhaps_page_count = 0 < total == shown and (shown == self._page_size or shown % _CAP_MULTIPLE == 0)
        self._page_size = shown if total > shown else max(shown, self._page_size)
        last = _limited(math.ceil(total / self._page_size))
        if is_perhaps_page_count or (last > 1 and total % (_CAP_MULTIPLE * self._page_size) == 0):
            await self._require_end(last + 1, total)
        return last

    async def _require_end(self, number: int, total: int) -> None:
        """Check that the page behind the last one is empty. It is not if the total is capped, or that of a page."""
        page = await self._read_page(number)
        grown = max(0, (page.total or 0) - total)
        if len(page.entries) > grown:
            raise _miscounted(number, len(page.entries), total + grown)

    async def _find_last(self, first: ListPage) -> int:
        """Find the number of the last page that has entries, in a list that states no total."""
        self._page_size = len(first.entries)  # the next page shows whether this one is full
        last, number = 1, 2
        while first.entries:
            entries = await self._entries(_limited(number))
            if not entries:
                return await self._last_between(last, number)
            last, number = number, 2 * number
            if entries < self._page_size:
                break
        return last

    async def _last_between(self, last: int, empty: int) -> int:
        """Find the last page with entries, between one that has entries and an `empty` one."""
        while empty - last > 1:
            middle = (last + empty) // 2
            if await self._entries(middle):
                last = middle
            else:
                empty = middle
        return last

    async def _entries(self, number: int) -> int:
        """Count the entries of a page. A page that fails counts as full, since it is read again on the way back."""
        page = await self._try_page(number)
        return self._page_size if page is None else len(page.entries)

    async def _read_back(self, last: int) -> None:
        """Read from the last page to the first. A page that fails does not stop the others."""
        self._problem, self._failed_in_a_row = None, 0
        for number in range(last, 0, -1):
            page = await self._try_page(number)
            if page is None:
                continue
            if not page.entries and self._requested_size - self._page_size <= self._requested_size * _TOLERANCE:
                self._page_size = self._requested_size  # the first page lacked an entry; its size was not a cap
            if not self._is_as_counted(number, page):
                self._problem = self._problem or _miscounted(number, len(page.entries), page.total or 0)
                if not page.entries:
                    break  # the total is far too high: do not read all the empty pages
        if self._problem:
            raise self._problem

    def _is_as_counted(self, number: int, page: ListPage) -> bool:
        """Return True if a page holds as many entries as the total leaves for it."""
        if page.total is None:
            return True
        expected = min(self._page_size, max(0, page.total - (number - 1) * self._page_size))
        return abs(expected - len(page.entries)) <= self._page_size * _TOLERANCE


def _limited(pages: int) -> int:
    """Return a number of pages, at least 1. Raises GiveUp if it is larger than the limit."""
    if pages > MAX_PAGES:
        raise contradiction(f"it seems to have {pages:,} pages, and {MAX_PAGES:,} is the most that is read")
    return max(1, pages)


def _miscounted(number: int, entries: int, total: int) -> GiveUp:
    return contradiction(f"page {number} holds {entries:,} entries, which is not what a list of {total:,} has there")


def _repeats(number: int) -> GiveUp:
    return contradiction(f"page {number} repeats others")
