"""The base of every reading of a list: pages that fail, a limit of pages, and contradictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from etl.errors import FailureKind, GiveUp, Refused, RequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from etl.realtimekit.http.responses import ListPage

# A list may claim any length. More pages than this are not read.
MAX_PAGES = 10_000
# After so many pages in a row that fail, the others are not tried.
UNREADABLE_LIMIT = 3


class PageReader(ABC):
    """One reading of a list.

    `fetch_page` returns a page by its number, from 1. `record` stores the entries of a page and returns their keys.
    """

    def __init__(
        self, fetch_page: Callable[[int], Awaitable[ListPage]], record: Callable[[ListPage], Sequence[str]]
    ) -> None:
        self._fetch_page = fetch_page
        self._record = record
        self._problem: RequestError | None = None
        self._failed_in_a_row = 0

    @abstractmethod
    async def _read_page(self, number: int) -> ListPage:
        """Fetch a page, record its entries, and compare them with those of the pages before."""

    async def _try_page(self, number: int) -> ListPage | None:
        """Read a page, or return None if it fails.

        The first failure is kept as the problem of the reading. A refused token raises, and so do several failures in
        a row.
        """
        try:
            page = await self._read_page(number)
        except Refused:
            raise
        except RequestError as error:
            self._problem, self._failed_in_a_row = self._problem or error, self._failed_in_a_row + 1
            if self._failed_in_a_row == UNREADABLE_LIMIT:
                raise
            return None
        self._failed_in_a_row = 0
        return page


def is_whole_page(page: ListPage, requested_size: int) -> bool:
    """Return True if a page that the server gives under every number is the whole list.

    A page with just as many entries as were requested may be cut off there. A total must agree.
    """
    size = len(page.entries)
    return size not in {0, requested_size} and page.total in {None, size}


def contradiction(why: str) -> GiveUp:
    """Make the error of a list that can't be what it says."""
    return GiveUp(FailureKind.MALFORMED, f"the list contradicts itself: {why}", http_status=200)
