"""Reading a list forward: to an end that is proven, and with every entry that the list had when the reading began."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import FailureKind, GiveUp, RequestError, TryAgain
from etl.realtimekit.http.responses import ListPage
from etl.realtimekit.pages.forward import ForwardReader, read_forward
from etl.realtimekit.pages.reader import MAX_PAGES, UNREADABLE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DOWN = TryAgain(FailureKind.SERVER_ERROR, "HTTP 500: down", http_status=500)


def read(
    page: Callable[[int], ListPage], *, is_growing: bool = True, readings: int = 2, page_size: int = 10
) -> tuple[set[str], list[int]]:
    """Read the list of a server that gives a page by its number: the entries of all readings, and the page numbers."""
    seen: set[str] = set()
    numbers: list[int] = []

    async def fetch_page(number: int) -> ListPage:
        numbers.append(number)
        return page(number)

    def record(page: ListPage) -> list[str]:
        seen.update(page.entries)
        return list(page.entries)

    def make_reader() -> ForwardReader:
        return ForwardReader(fetch_page, record, page_size=page_size, is_growing=is_growing)

    asyncio.run(read_forward(make_reader, readings=readings))
    return seen, numbers


def entries(count: int) -> list[str]:
    """Make the entries of a list."""
    return [f"entry-{number}" for number in range(count)]


def cut(listed: list[str], number: int, total: int | None, size: int = 10) -> ListPage:
    """Cut a page out of a list."""
    return ListPage(entries=listed[(number - 1) * size : number * size], total=total)


@settings(deadline=None)  # the machine may be busy
@given(
    size=st.integers(0, 60),
    page_size=st.integers(1, 12),
    is_counted=st.booleans(),
    inserts=st.lists(st.lists(st.integers(0, 10**6), max_size=3), max_size=30),
)
def test_no_entry_of_a_growing_list_is_missed(
    size: int, page_size: int, inserts: list[list[int]], *, is_counted: bool
) -> None:
    """Others are inserted at any place while it is read: those that were there when the reading began are all seen.

    Only if every page is pushed back whole, three times in a row, the list looks like one that repeats a page.
    """
    listed, names, drift = entries(size), itertools.count(), iter(inserts)

    def page(number: int) -> ListPage:
        for place in next(drift, []):
            listed.insert(place % (len(listed) + 1), f"new-{next(names)}")
        return cut(listed, number, len(listed) if is_counted else None, page_size)

    if sum(map(len, inserts)) < UNREADABLE_LIMIT * page_size:
        assert set(entries(size)) <= read(page)[0]
        return
    with contextlib.suppress(GiveUp):
        assert set(entries(size)) <= read(page)[0]


@pytest.mark.parametrize("total", [None, 25])
def test_the_end_is_an_empty_page(total: int | None) -> None:
    """A total does not save the last request, since a server may state any."""
    seen, numbers = read(lambda number: cut(entries(25), number, total))
    assert (len(seen), numbers) == (25, [1, 2, 3, 4])


def test_a_short_page_is_not_the_end() -> None:
    """A server may give smaller pages than requested."""
    pages = [["a"], ["b", "c"], ["d"], []]
    seen, _ = read(lambda number: ListPage(entries=pages[number - 1], total=4))
    assert seen == {"a", "b", "c", "d"}


@pytest.mark.parametrize(("is_growing", "stated"), [(True, "24"), (False, "24 and 25")])
def test_a_total_that_is_not_reached_refuses_the_list(stated: str, *, is_growing: bool) -> None:
    """The list is read again first, since an entry may have moved."""
    totals = [24, 24, 25]
    with pytest.raises(GiveUp, match=f"it counts {stated} and shows 20$") as caught:
        read(lambda number: cut(entries(20), number, totals[number - 1]), is_growing=is_growing)
    assert (caught.value.kind, caught.value.http_status) == (FailureKind.MALFORMED, 200)


def test_a_list_that_may_shrink_needs_the_same_total_on_all_pages() -> None:
    """A total that changes means that entries may have moved to a page that was read already."""
    totals = [26, 25, 25, 25, 25, 25, 25, 25]
    counts = iter(totals)
    _, numbers = read(lambda number: cut(entries(25), number, next(counts)), is_growing=False)
    assert numbers == [1, 2, 3, 4, 1, 2, 3, 4]


@pytest.mark.parametrize("total", [None, 1000])
def test_pages_that_repeat_others_are_found_out(total: int | None) -> None:
    """The server pages for ever, whether it states a total or not."""
    with pytest.raises(GiveUp, match="its pages repeat others"):
        read(lambda _: cut(entries(10), 1, total))


@pytest.mark.parametrize("total", [None, 7, 30])
@pytest.mark.parametrize("size", [1, 7, 9, 11, 30])
@pytest.mark.parametrize("is_growing", [True, False])
def test_one_page_under_every_number_is_the_list_unless_it_may_be_cut_off(
    size: int, total: int | None, *, is_growing: bool
) -> None:
    """The server ignores the number of the page. It was asked for ten entries, and its total may contradict it."""

    def page(_: int) -> ListPage:
        return ListPage(entries=entries(size), total=total)

    if total is None or total == size or (is_growing and total < size):  # it may have grown since it was counted
        seen, numbers = read(page, is_growing=is_growing)
        assert (len(seen), len(numbers)) == (size, 4 if total is None else 2)
    else:
        with pytest.raises(GiveUp, match="the list contradicts itself"):
            read(page, is_growing=is_growing)


def test_a_list_whose_last_page_is_the_limit_is_whole() -> None:
    """The end is read at the last page that may be."""
    listed = entries(MAX_PAGES - 1)
    seen, numbers = read(lambda number: cut(listed, number, None, size=1))
    assert (len(seen), len(numbers)) == (MAX_PAGES - 1, MAX_PAGES)


def test_a_list_without_end_is_read_no_further_than_the_limit() -> None:
    """Every page has new entries."""
    with pytest.raises(GiveUp, match="more than 10,000 pages"):
        read(lambda number: ListPage(entries=[f"entry-{number}"], total=None))


def failing(numbers: Iterable[int]) -> Callable[[int], ListPage]:
    """A server whose pages with these numbers fail."""

    def page(number: int) -> ListPage:
        if number in numbers:
            raise DOWN
        return cut(entries(95), number, 95)

    return page


@pytest.mark.parametrize(("numbers", "last"), [({3, 4, 6}, 11), ({3, 4, 5}, 5), ({1}, 1)])
def test_a_page_that_fails_does_not_stop_the_others(numbers: set[int], last: int) -> None:
    """The first page does, and so do three in a row. The error is raised in any case."""
    asked: list[int] = []
    page = failing(numbers)

    def noted(number: int) -> ListPage:
        asked.append(number)
        return page(number)

    with pytest.raises(RequestError) as caught:
        read(noted)
    assert caught.value is DOWN
    assert asked == list(range(1, last + 1))


def test_the_error_of_three_pages_that_fail_is_that_of_the_last() -> None:
    """The reading ends with it. Of fewer pages, it is that of the first."""
    errors = {3: DOWN, 4: TryAgain(FailureKind.TIMEOUT, "slow"), 5: GiveUp(FailureKind.FORBIDDEN, "no")}

    def page(number: int) -> ListPage:
        if number in errors:
            raise errors[number]
        return cut(entries(95), number, 95)

    for expected in (errors.pop, lambda _: DOWN):
        with pytest.raises(RequestError) as caught:
            read(page)
        assert caught.value is expected(5)
