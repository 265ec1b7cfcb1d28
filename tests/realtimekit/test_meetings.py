"""The meetings of an app: all are read, also while others are created and deleted, and no reading is endless."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from etl.errors import ApiUnavailable
from etl.realtimekit.meetings import ListedMeeting, fetch_meetings
from etl.settings import ApiSettings
from etl.values.run import RunContext
from tests.conftest import FREE, START
from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from collections.abc import Callable


def fetch(page: Callable[[int], tuple[list[Any], int | None]]) -> tuple[list[ListedMeeting], int]:
    """Read the list of a server that gives a page (entries and total) by its number, and count its requests."""

    def body(path: str) -> bytes:
        (number,) = parse_qs(urlsplit(path).query)["page_no"]
        entries, total = page(int(number))
        counted = {} if total is None else {"paging": {"total_count": total}}
        return json.dumps({"success": True, "data": entries} | counted).encode()

    with answering(body) as server:
        settings = ApiSettings(
            token="a-token",  # noqa: S106  # it opens nothing
            account_id="a",
            base_url=server.base_url,
            attempts=1,
            limits=FREE,
            page_size=10,
        )
        context = RunContext(now=lambda: START, sleep=asyncio.sleep)
        found = asyncio.run(fetch_meetings("app", settings, context))
        return found, len(server.paths)


def meetings(numbers: range | list[int]) -> list[dict[str, Any]]:
    """Meetings as the API lists them."""
    return [{"id": f"m{number}", "title": f"Room {number}", "status": "ACTIVE"} for number in numbers]


def cut(entries: list[Any], number: int) -> list[Any]:
    """A page of ten."""
    return entries[10 * (number - 1) : 10 * number]


@pytest.mark.parametrize("is_counted", [True, False])
def test_every_page_is_read_to_an_empty_one(*, is_counted: bool) -> None:
    """A total does not prove the end: it may be that of a page."""
    every = meetings(range(25))
    found, asked = fetch(lambda number: (cut(every, number), 25 if is_counted else None))
    assert found == [
        ListedMeeting(meeting_id=f"m{number}", title=f"Room {number}", is_active=True) for number in range(25)
    ]
    assert asked == 4


def test_a_meeting_that_is_deleted_meanwhile_costs_no_other() -> None:
    """A meeting moves from an unread page to one that was read, so that the list is read again."""
    asked: list[int] = []

    def page(number: int) -> tuple[list[Any], int | None]:
        asked.append(number)
        left = meetings(range(25) if len(asked) == 1 else range(1, 25))
        return cut(left, number), len(left)

    found, _ = fetch(page)
    assert {one.meeting_id for one in found} == {f"m{number}" for number in range(1, 25)}
    assert asked == [1, 2, 3, 4, 1, 2, 3, 4]


def test_a_list_that_never_holds_still_is_not_written() -> None:
    """Three readings, each with another count."""
    counts = iter(range(25, 100))
    with pytest.raises(ApiUnavailable, match=r"nothing is written .*it counts .* and shows 25"):
        fetch(lambda number: (cut(meetings(range(25)), number), next(counts)))


@pytest.mark.parametrize("total", [20_000, None])
def test_a_server_that_repeats_a_page_is_asked_few_times(total: int | None) -> None:
    """The list is refused, whether the server states a total or not."""
    asked: list[int] = []

    def page(number: int) -> tuple[list[Any], int | None]:
        asked.append(number)
        return meetings(range(10)), total

    with pytest.raises(ApiUnavailable, match="its pages repeat others"):
        fetch(page)
    assert asked == [1, 2, 3, 4]


@pytest.mark.parametrize("total", [25, None])
def test_a_server_that_gives_all_meetings_under_every_number_is_read_whole(total: int | None) -> None:
    """The server ignores the number of the page and its size: a page that brings no new meeting is the end."""
    found, _ = fetch(lambda _: (meetings(range(25)), total))
    assert [one.meeting_id for one in found] == [f"m{number}" for number in range(25)]


def test_a_total_that_is_that_of_its_page_does_not_end_the_reading() -> None:
    """Every page states how many entries it has itself: the pages are read, and the contradiction is found."""
    every = meetings(range(25))
    with pytest.raises(ApiUnavailable, match="it counts 10 and 5 and 0 and shows 25"):
        fetch(lambda number: (cut(every, number), len(cut(every, number))))


def test_entries_that_are_no_meetings_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    """An ID that no request can hold, a null, an entry without a title."""
    entries = [{"id": "a/b", "title": "x"}, None, {"id": "good", "title": 7}]
    found, _ = fetch(lambda number: (cut(entries, number), 3))
    assert found == [ListedMeeting(meeting_id="good", title="", is_active=False)]
    assert "2 entries of the list have no ID that a meeting can have" in caplog.text
