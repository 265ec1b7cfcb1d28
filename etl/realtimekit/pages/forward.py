"""Reading a list from its first page on, to an end that is proven.

The end is an empty page. Neither a short page nor a total proves it: a server may give smaller pages than it is asked
for, and state any total. Instead, the total shows that nothing was missed: a reading with fewer entries is repeated.
A server that ignores the number of the page never gives an empty one. Its page is the list if it was not cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.realtimekit.pages.reader import MAX_PAGES, UNREADABLE_LIMIT, PageReader, contradiction, is_whole_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from etl.realtimekit.http.responses import ListPage


async def read_forward(make_reader: Callable[[], ForwardReader], *, readings: int) -> None:
    """Read a list until a reading is whole, but at most so many times. Raises GiveUp if none is whole."""
    for _ in range(readings):
        reader = make_reader()
        await reader.read()
        if reader.is_whole:
            return
    raise contradiction(f"it counts {reader.stated} and shows {reader.shown:,}")


class ForwardReader(PageReader):
    """One reading of a list, from its first page to its end.

    `is_growing` says that entries are added to the list, and none removed. A reading with as many entries as the list
    stated when it began has missed none of those. In any other list, all pages must state the number that was read.
    """

    def __init__(
        self,
        fetch_page: Callable[[int], Awaitable[ListPage]],
        record: Callable[[ListPage], Sequence[str]],
        *,
        page_size: int,
        is_growing: bool,
    ) -> None:
        super().__init__(fetch_page, record)
        self._requested_size = page_size
        self._is_growing = is_growing
        self._keys: set[str] = set()
        self._totals: list[int] = []
        self._entries = 0
        self._repeats = 0
        self._is_at_end = False
        self._is_one_page = False  # so far, the server gives one page under every number

    @property
    def is_whole(self) -> bool:
        """True if nothing was missed, as far as the list states a total."""
        if self._is_growing:
            return not self._totals or self._totals[0] <= self.shown
        return set(self._totals) <= {self.shown}

    @property
    def shown(self) -> int:
        """The number of distinct entries."""
        return len(self._keys)

    @property
    def stated(self) -> str:
        """The totals that contradict what was shown."""
        return " and ".join(f"{total:,}" for total in dict.fromkeys(self._totals[: self._is_growing or None]))

    async def read(self) -> None:
        """Read the list once. Raises the RequestError that left entries unread, once the rest of it is read."""
        await self._read_page(1)
        for number in range(2, MAX_PAGES + 1):
            if self._is_at_end:
                break
            await self._try_page(number)
            if self._repeats == UNREADABLE_LIMIT and not self._is_at_end:
                if not self._is_one_page:
                    raise contradiction("its pages repeat others")
                self._is_at_end = True
        if not self._is_at_end:
            raise contradiction(f"it has more than {MAX_PAGES:,} pages")
        if self._problem:
            raise self._problem

    async def _read_page(self, number: int) -> ListPage:
        """Read a page, and decide whether it is the end: it is empty, or repeats others where the stated total ends.

        While the rate limit delays the reading, a whole page of entries may be inserted before it. Then a page repeats
        others, and the next ones go on.
        """
        page = await self._fetch_page(number)
        keys = set(self._record(page))
        self._entries += len(page.entries)
        self._totals += [] if page.total is None else [page.total]
        self._repeats = 0 if keys - self._keys else self._repeats + 1
        self._is_one_page = keys == (self._keys or keys) and is_whole_page(page, self._requested_size)
        self._keys |= keys
        self._is_at_end = not keys or (self._repeats > 0 and page.total is not None and self._entries >= page.total)
        return page
