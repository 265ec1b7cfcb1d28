"""Reading a list backward while it changes: no entry that stays in it is missed, and no reading is endless."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.errors import FailureKind, GiveUp, Refused, RequestError, TryAgain
from etl.realtimekit.http.responses import ListPage
from etl.realtimekit.pages.backward import BackwardReader
from etl.realtimekit.pages.reader import MAX_PAGES, UNREADABLE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

DOWN = TryAgain(FailureKind.SERVER_ERROR, "HTTP 500: down", http_status=500)


class Drift(NamedTuple):
    """The change of a list before a page is read: entries that end (by their place), and others that start."""

    ends: Sequence[int] = ()
    starts: int = 0


class Listing:
    """A list in the order of creation, as a server gives it: at most `most` entries a page, counted or not."""

    def __init__(self, size: int, *, most: int = 10, is_counted: bool = True, drift: Iterable[Drift] = ()) -> None:
        self.entries = list(range(size))
        self.asked: Counter[int] = Counter()
        self.ended: set[int] = set()
        self._numbers = itertools.count(size)
        self._most = most
        self._is_counted = is_counted
        self._drift = iter(drift)

    def page(self, number: int, page_size: int) -> ListPage:
        """Move on, and give a page."""
        self.asked[number] += 1
        drift = next(self._drift, Drift())
        for place in drift.ends:
            if self.entries:
                self.ended.add(self.entries.pop(place % len(self.entries)))
        self.entries += itertools.islice(self._numbers, drift.starts)
        size = min(page_size, self._most)
        entries = self.entries[(number - 1) * size : number * size]
        return ListPage(entries=entries, total=len(self.entries) if self._is_counted else None)


class Reading(NamedTuple):
    """The result of a reading."""

    seen: set[Any]
    error: RequestError | None
    requests: int

    @property
    def said(self) -> str:
        """The problem, in words."""
        return str(self.error)


def read(page: Callable[[int, int], ListPage], *, page_size: int = 10) -> Reading:
    """Read a list of a server that gives a page by its number and size."""
    seen: set[Any] = set()
    asked: list[int] = []

    async def ask(number: int) -> ListPage:
        asked.append(number)
        return page(number, page_size)

    def note(found: ListPage) -> list[str]:
        seen.update(found.entries)
        return [str(entry) for entry in found.entries]

    pages = BackwardReader(ask, note, page_size=page_size)
    try:
        asyncio.run(pages.read())
    except RequestError as error:
        return Reading(seen, error, len(asked))
    return Reading(seen, None, len(asked))


def failing(server: Listing, errors: dict[int, Iterable[RequestError]]) -> Callable[[int, int], ListPage]:
    """A server some of whose pages fail, as often as there are errors."""
    scripts = {number: iter(script) for number, script in errors.items()}

    def page(number: int, page_size: int) -> ListPage:
        found = server.page(number, page_size)
        for error in scripts.get(number, ()):
            raise error
        return found

    return page


# Nothing is missed

DRIFTS = st.lists(
    st.builds(Drift, st.lists(st.integers(0, 10**6), max_size=3), st.integers(0, 3)) | st.just(Drift()), max_size=40
)
FROM_THE_FRONT = Drift(ends=[0])


@settings(deadline=None)  # the machine may be busy
@given(
    size=st.integers(0, 80),
    page_size=st.integers(1, 12),
    most=st.integers(1, 12),
    is_counted=st.booleans(),
    drift=DRIFTS,
)
@example(size=5, page_size=5, most=9, is_counted=False, drift=[Drift(), FROM_THE_FRONT])
@example(size=6, page_size=5, most=9, is_counted=False, drift=[Drift(), FROM_THE_FRONT])
@example(size=5, page_size=5, most=9, is_counted=True, drift=[Drift(), Drift(starts=1)])
@example(size=30, page_size=10, most=12, is_counted=True, drift=[Drift(), FROM_THE_FRONT, FROM_THE_FRONT])
@example(size=8, page_size=6, most=5, is_counted=True, drift=[Drift([0, 0, 0]), Drift(starts=1)])
def test_what_is_in_the_list_throughout_is_noted(
    *, size: int, page_size: int, most: int, is_counted: bool, drift: list[Drift]
) -> None:
    """Entries end and start at any time, however many between two pages: the others are all met.

    Only where two whole pages or more have ended, to the entry, a page looks like one that is repeated.
    """
    server = Listing(size, most=most, is_counted=is_counted, drift=drift)
    reading = read(server.page, page_size=page_size)
    if reading.error is None:
        assert set(range(size)) - server.ended <= reading.seen
    else:
        assert "repeats others" in reading.said
        assert len(server.ended) >= 2 * min(page_size, most)


@pytest.mark.parametrize("ended", [60, 99, 101, 150, 350])
def test_a_list_that_has_changed_much_between_two_pages_is_read_all_the_same(ended: int) -> None:
    """After a wait for the limit in the middle of a list, more than a page of it may be gone."""
    server = Listing(1000, most=100, drift=[Drift()] * 4 + [Drift(ends=[0] * ended, starts=ended)])
    reading = read(server.page, page_size=100)
    assert reading.error is None
    assert set(range(ended, 1000)) <= reading.seen


@settings(deadline=None)  # the machine may be busy
@given(size=st.integers(0, 400), page_size=st.integers(1, 50), most=st.integers(1, 50))
@example(size=0, page_size=10, most=10)
@example(size=10, page_size=10, most=10)
@example(size=20, page_size=10, most=10)
def test_a_list_that_is_counted_takes_a_request_a_page_and_one_more(size: int, page_size: int, most: int) -> None:
    """The first page is read twice if there are others. A doubtful total is checked against the page behind the last.

    It may be the page's own where that is full, or stop at a round number: one of five pages, or of ten.
    """
    server = Listing(size, most=most)
    reading = read(server.page, page_size=page_size)
    real = min(page_size, most)
    assert (reading.seen, reading.error) == (set(range(size)), None)
    is_doubtful = 0 < size <= real and (size == page_size or size % 5 == 0)
    is_doubtful = is_doubtful or (size > real and size % (5 * real) == 0)
    assert reading.requests == max(1, math.ceil(size / real)) + (size > real) + is_doubtful


@settings(deadline=None)  # the machine may be busy
@given(size=st.integers(0, 1500), page_size=st.integers(1, 50), most=st.integers(1, 50))
@example(size=1500, page_size=1, most=1)
def test_a_list_that_is_not_counted_takes_few_requests_more(size: int, page_size: int, most: int) -> None:
    """Its last page is found by doubling, and between the last two of those by halving."""
    server = Listing(size, most=most, is_counted=False)
    reading = read(server.page, page_size=page_size)
    pages = math.ceil(size / min(page_size, most))
    assert (reading.seen, reading.error) == (set(range(size)), None)
    assert reading.requests <= pages + 2 * math.ceil(math.log2(max(1, pages))) + 2
    assert not size or server.asked[1] == 2


def test_a_page_that_is_not_full_is_the_last_one() -> None:
    """Found while the last is looked for, it ends the search: 1, 2, 4, and back from there."""
    server = Listing(35, is_counted=False)
    assert read(server.page).requests == 3 + 4
    assert server.asked == {1: 2, 2: 2, 3: 1, 4: 2}


def test_an_empty_list_takes_one_request() -> None:
    """Counted or not."""
    assert read(Listing(0).page).requests == read(Listing(0, is_counted=False).page).requests == 1


def test_a_page_size_that_the_server_caps_is_noticed() -> None:
    """A hundred are asked for, and seven given: the list has as many pages as sevens."""
    for is_counted in (True, False):
        server = Listing(60, most=7, is_counted=is_counted)
        assert read(server.page, page_size=100).seen == set(range(60))
        assert set(server.asked) >= set(range(1, 10))


def test_pages_larger_than_asked_for_are_taken_as_they_are() -> None:
    """Some servers know one size only."""
    server = Listing(100, most=25)
    assert read(lambda number, _: server.page(number, 25), page_size=10).seen == set(range(100))
    assert server.asked == {1: 2, 2: 1, 3: 1, 4: 1}


def test_one_more_entry_while_a_full_page_is_held_against_the_next_is_no_contradiction() -> None:
    """The next page's own count says that the list has grown."""
    server = Listing(10, drift=[Drift(), Drift(starts=1)])
    reading = read(server.page)
    assert (reading.error, reading.seen, reading.requests) == (None, set(range(11)), 2)


def test_an_entry_that_ends_while_a_full_page_is_held_against_the_next_is_none_either() -> None:
    """The next page is empty, and counts one less."""
    reading = read(Listing(10, drift=[Drift(), FROM_THE_FRONT]).page)
    assert (reading.error, reading.seen, reading.requests) == (None, set(range(10)), 2)


@pytest.mark.parametrize("ends", [4, 9, 10, 15, 25])
def test_a_list_that_moves_on_by_a_page_and_more_is_read(ends: int) -> None:
    """A long wait for the limit in the middle of it: the next page, asked for again, has other entries by now."""
    server = Listing(95, drift=[*[Drift()] * 4, Drift(ends=[0] * ends)])
    reading = read(server.page)
    assert (reading.error, set(range(95)) - server.ended - reading.seen) == (None, set())
    assert reading.requests <= 11 + math.ceil(ends / 10)


def test_counts_that_are_a_little_late_are_no_contradiction() -> None:
    """A server need not count and select at one instant: up to a twentieth of a page is let pass."""
    server = Listing(390, most=100)

    def counted_before(by: int) -> Callable[[int, int], ListPage]:
        def page(number: int, page_size: int) -> ListPage:
            found = server.page(number, page_size)
            return ListPage(entries=found.entries, total=len(server.entries) + by)

        return page

    for by in (-5, 5):
        assert read(counted_before(by), page_size=100).error is None
    for by in (-6, 6):
        assert "contradicts itself: page 4" in read(counted_before(by), page_size=100).said
    few = Listing(5, most=100)
    assert read(lambda number, size: replace(few.page(number, size), total=0), page_size=100).error is None


@pytest.mark.parametrize("real", [51, 60, 100])
def test_a_count_that_stops_at_a_round_number_is_not_believed(real: int) -> None:
    """A total of a multiple of five pages may be capped, like one that stops at 10,000."""
    server = Listing(real)
    reading = read(lambda number, size: replace(server.page(number, size), total=50))
    assert "page 6 holds" in reading.said
    assert reading.requests == 2


def test_a_page_that_lacks_an_entry_makes_no_smaller_pages() -> None:
    """The page size is the server's where it caps it, not where it has selected one entry less."""
    server = Listing(3000, most=100)

    def first_lacks_one(number: int, size: int) -> ListPage:
        found = server.page(number, size)
        return replace(found, entries=found.entries[:-1]) if number == 1 and server.asked[1] == 1 else found

    reading = read(first_lacks_one, page_size=100)
    assert (reading.error, reading.seen) == (None, set(range(3000)))


def test_a_miscounted_page_costs_none_of_the_others() -> None:
    """The list is not whole; what its pages hold is there all the same."""
    server = Listing(390, most=100)
    reading = read(lambda number, size: replace(server.page(number, size), total=397), page_size=100)
    assert "contradicts itself: page 4" in reading.said
    assert reading.seen == set(range(390))


# Servers that contradict themselves

Answer: TypeAlias = "Callable[[Listing, int, int], ListPage]"


def ignoring_the_number(server: Listing, _: int, size: int) -> ListPage:
    """The first page, whatever is asked for."""
    return server.page(1, size)


def repeating_the_second(server: Listing, number: int, size: int) -> ListPage:
    """The second page in the place of all later ones."""
    return server.page(min(number, 2), size)


def new_for_ever(_: Listing, number: int, size: int) -> ListPage:
    """Entries without end."""
    return ListPage(entries=list(range(number * size, (number + 1) * size)), total=None)


def counting(count: Callable[[int, int], int | None]) -> Answer:
    """The right page, with a count that is made of the true one and of the number of its entries."""

    def answer(server: Listing, number: int, size: int) -> ListPage:
        found = server.page(number, size)
        return ListPage(entries=found.entries, total=count(len(server.entries), len(found.entries)))

    return answer


@pytest.mark.parametrize(
    ("answer", "most_requests", "why"),
    [
        pytest.param(ignoring_the_number, 5, "page 2 repeats others", id="ignores the number"),
        pytest.param(repeating_the_second, 6, "page 4 holds 10 entries", id="repeats a page"),
        pytest.param(new_for_ever, 14, "it seems to have 16,384 pages, and 10,000 is the most", id="never ends"),
        pytest.param(counting(lambda *_: 10**9), 1, "it seems to have 100,000,000 pages", id="counts millions"),
        pytest.param(counting(lambda all_, _: 10 * all_), 3, "page 35 holds 0 entries", id="counts ten times"),
        pytest.param(counting(lambda all_, _: all_ + 10), 2, "page 5 holds 0 entries", id="counts a page too many"),
        pytest.param(counting(lambda all_, _: all_ - 10), 4, "page 3 holds 10 entries", id="counts a page too few"),
        pytest.param(counting(lambda all_, _: all_ // 2), 3, "page 2 holds 10 entries", id="counts half"),
        pytest.param(counting(lambda *_: 0), 1, "page 1 holds 10 entries", id="counts nothing"),
        pytest.param(counting(lambda _, page: page), 2, "page 2 holds 10 entries", id="counts its page"),
        pytest.param(
            lambda *_: ListPage(entries=[], total=35), 1, "page 1 holds 0 entries", id="counts and holds nothing"
        ),
    ],
)
def test_a_server_that_contradicts_itself_is_not_believed(answer: Answer, most_requests: int, why: str) -> None:
    """Few requests are sent, and the error names the contradiction: such a list is never taken for whole."""
    server = Listing(35)
    reading = read(lambda number, size: answer(server, number, size))
    assert isinstance(reading.error, GiveUp)
    assert (reading.error.kind, reading.error.http_status) == (FailureKind.MALFORMED, 200)
    assert reading.said.startswith(f"the list contradicts itself: {why}")
    assert reading.requests <= most_requests


@pytest.mark.parametrize("is_counted", [True, False])
@pytest.mark.parametrize("answer", [ignoring_the_number, repeating_the_second])
@settings(deadline=None)  # the machine may be busy
@given(ends=st.lists(st.integers(0, 5), max_size=12), size=st.sampled_from([200, 205, 1000]))
@example(ends=[0, 1], size=200)
@example(ends=[], size=200)
def test_pages_that_are_the_same_are_found_out_though_they_drift(
    answer: Answer, ends: list[int], size: int, *, is_counted: bool
) -> None:
    """Entries that have moved onto a page since it was read don't make it a different page."""
    server = Listing(size + 100, most=100, is_counted=is_counted, drift=[Drift(ends=[0] * some) for some in ends])
    reading = read(lambda number, size: answer(server, number, size), page_size=100)
    assert "contradicts itself" in reading.said
    assert reading.requests <= 8


def test_a_list_of_as_many_pages_as_are_believed_is_read() -> None:
    """One more would be too many."""
    assert read(Listing(MAX_PAGES, most=1).page).requests == MAX_PAGES + 2
    assert "it seems to have 10,001 pages" in read(Listing(MAX_PAGES + 1, most=1).page).said


def test_a_full_page_that_is_counted_as_the_list_needs_a_count_on_the_next_one() -> None:
    """Entries that nobody counts are not those of a list that has grown."""
    server = Listing(11)
    reading = read(lambda number, size: replace(server.page(number, size), total=10 if number == 1 else None))
    assert "page 2 holds 1 entries, which is not what a list of 10 has there" in reading.said


def test_a_count_that_comes_late_counts() -> None:
    """The first page lacks it, the others have it."""
    server = Listing(35)
    reading = read(lambda number, size: replace(server.page(number, size), total=None if number == 1 else 99))
    assert "page 4 holds 5 entries, which is not what a list of 99 has there" in reading.said


def test_a_count_that_is_lost_on_the_way_is_not_missed() -> None:
    """The first page has it, the others lack it."""
    server = Listing(35)
    reading = read(lambda number, size: replace(server.page(number, size), total=35 if number == 1 else None))
    assert (reading.seen, reading.error, reading.requests) == (set(range(35)), None, 5)


# Pages that can't be had


def in_a_row(numbers: set[int]) -> int:
    """The most numbers that follow each other."""
    return max(sum(range_ <= numbers for range_ in ({*range(n, m)} for m in range(n + 1, 12))) for n in range(1, 11))


@settings(deadline=None)  # the machine may be busy
@given(lost=st.sets(st.integers(2, 9), min_size=1).filter(lambda lost: in_a_row(lost) < UNREADABLE_LIMIT))
def test_a_page_that_keeps_failing_costs_none_of_the_others(lost: set[int]) -> None:
    """All others are read, and the error is the page's."""
    reading = read(failing(Listing(90), dict.fromkeys(lost, itertools.repeat(DOWN))))
    assert reading.error is DOWN
    assert {entry // 10 + 1 for entry in range(90)} - {entry // 10 + 1 for entry in reading.seen} == lost
    assert reading.requests == 10


@settings(deadline=None)  # the machine may be busy
@given(lost=st.sets(st.integers(2, 9), min_size=1).filter(lambda lost: in_a_row(lost) < UNREADABLE_LIMIT))
def test_without_a_count_a_page_that_keeps_failing_is_taken_for_full_while_the_last_is_looked_for(
    lost: set[int],
) -> None:
    """So it costs none of the others here either, save where three are asked for in a row: 2, 4 and 8."""
    server = Listing(90, is_counted=False)
    reading = read(failing(server, dict.fromkeys(lost, itertools.repeat(DOWN))))
    assert reading.error is DOWN
    if not lost >= {2, 4, 8}:
        assert {entry // 10 + 1 for entry in range(90)} - {entry // 10 + 1 for entry in reading.seen} == lost
    assert reading.requests <= 9 + 2 * 4 + 2


@pytest.mark.parametrize("is_counted", [True, False])
def test_three_pages_in_a_row_that_fail_end_the_reading(*, is_counted: bool) -> None:
    """The others would fare no better, and cost requests."""
    server = Listing(90, is_counted=is_counted)
    reading = read(failing(server, dict.fromkeys(range(2, 10), itertools.repeat(DOWN))))
    assert (reading.error, reading.requests, reading.seen) == (DOWN, 1 + UNREADABLE_LIMIT, set(range(10)))


def test_failures_with_a_page_between_them_end_nothing() -> None:
    """Only a row of them says that the others would fare no better."""
    lost = {2, 3, 5, 6, 8, 9}
    assert read(failing(Listing(90), dict.fromkeys(lost, itertools.repeat(DOWN)))).requests == 10


def test_a_page_that_fails_while_the_last_is_looked_for_is_no_failure_if_it_comes_later() -> None:
    """The page is read again on the way back."""
    reading = read(failing(Listing(90, is_counted=False), {2: [DOWN], 4: [DOWN], 5: []}))
    assert (reading.seen, reading.error) == (set(range(90)), None)


@pytest.mark.parametrize("is_counted", [True, False])
def test_a_first_page_that_fails_ends_the_reading_before_it_has_begun(*, is_counted: bool) -> None:
    """Without the first page the length of the list is unknown."""
    reading = read(failing(Listing(90, is_counted=is_counted), {1: [DOWN]}))
    assert (reading.error, reading.requests, reading.seen) == (DOWN, 1, set())


@pytest.mark.parametrize("is_counted", [True, False])
@pytest.mark.parametrize("number", [2, 9])
def test_a_refused_token_ends_the_reading_at_once(number: int, *, is_counted: bool) -> None:
    """Whatever page it meets."""
    refused = Refused(FailureKind.UNAUTHORIZED, "HTTP 401: no")
    server = Listing(90, is_counted=is_counted)
    reading = read(failing(server, {number: [refused]}))
    assert reading.error is refused
    assert (server.asked[number], list(server.asked)[-1]) == (1, number)


def test_a_page_that_holds_nothing_new_is_one_that_cant_be_had() -> None:
    """The others are read, and the error names it."""
    server = Listing(90)
    reading = read(lambda number, size: server.page(9 if number == 4 else number, size))
    assert reading.said == "the list contradicts itself: page 4 repeats others"
    assert reading.seen == set(range(90)) - set(range(30, 40))


@pytest.mark.parametrize("is_counted", [True, False])
@pytest.mark.parametrize("repeated", [1, 2, 3])
def test_one_page_under_two_neighbouring_numbers_is_not_a_whole_list(repeated: int, *, is_counted: bool) -> None:
    """The server gives a page again in the place of the next one, for ever. The entries of that one are never seen."""
    entries = list(range(40))

    def page(number: int, size: int) -> ListPage:
        shown = repeated if number == repeated + 1 else number
        return ListPage(entries=entries[(shown - 1) * size : shown * size], total=40 if is_counted else None)

    reading = read(page)
    assert reading.said.startswith("the list contradicts itself: page ")
    assert reading.said.endswith(" repeats others")


def test_the_error_of_three_pages_that_fail_is_that_of_the_last() -> None:
    """The reading ends with it. The kind of the first one is another."""
    errors = {4: DOWN, 3: TryAgain(FailureKind.TIMEOUT, "slow"), 2: GiveUp(FailureKind.FORBIDDEN, "no")}
    listing = Listing(40)

    def page(number: int, size: int) -> ListPage:
        if number in errors:
            raise errors[number]
        return listing.page(number, size)

    assert read(page).error is errors[2]
    del errors[2]
    assert read(page).error is DOWN


@pytest.mark.parametrize(
    ("size", "total", "is_whole"),
    [
        (7, None, True),
        (15, 15, True),
        (15, None, True),
        (10, None, False),
        (7, 12, False),
        (15, 40, False),
        (20, 21, False),
    ],
)
def test_one_page_under_every_number_is_the_list_unless_it_may_be_cut_off(
    size: int, total: int | None, *, is_whole: bool
) -> None:
    """The server ignores the number of the page. It was asked for ten entries, and its total may contradict it."""
    reading = read(lambda _number, _size: ListPage(entries=list(range(size)), total=total))
    assert reading.seen == set(range(size))
    assert (reading.error is None) == is_whole
    assert reading.requests <= 4
