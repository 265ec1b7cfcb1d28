"""The meetings of an app: all of them, also while others are made and deleted; and no server is asked for ever."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from etl.errors import ApiUnavailable
from etl.realtimekit.meetings import ListedMeeting, fetch_meetings
from etl.realtimekit.pages import MOST_PAGES
from etl.settings import ApiSettings
from etl.values.run import RunContext
from tests.conftest import FREE, START
from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from collections.abc import Callable


def fetch(
    page: Callable[[int], tuple[list[Any], int | None]], most_pages: int = MOST_PAGES
) -> tuple[list[ListedMeeting], int]:
    """Read the list of a server that gives a page (entries and count) by its number; and how often it was asked."""

    def body(path: str) -> bytes:
        (number,) = parse_qs(urlsplit(path).query)["page_no"]
        entries, total = page(int(number))
        counted = {} if total is None else {"paging": {"total_count": total}}
        return json.dumps({"success": True, "data": entries} | counted).encode()

    with answering(body) as server:
        settings = ApiSettings(
            token="a-token",  # noqa: S106
            account_id="a",
            base_url=server.base_url,
            attempts=1,
            limits=FREE,
            page_size=10,
        )
        context = RunContext(now=lambda: START, sleep=asyncio.sleep)
        found = asyncio.run(fetch_meetings("app", settings, context, most_pages=most_pages))
        return found, len(server.paths)


def meetings(numbers: range | list[int]) -> list[dict[str, Any]]:
    """Meetings as the API lists them."""
    return [{"id": f"m{number}", "title": f"Room {number}", "status": "ACTIVE"} for number in numbers]


def cut(entries: list[Any], number: int) -> list[Any]:
    """A page of ten."""
    return entries[10 * (number - 1) : 10 * number]


@pytest.mark.parametrize(("is_counted", "requests"), [(True, 3), (False, 4)])
def test_every_page_is_read(*, is_counted: bool, requests: int) -> None:
    """Up to the count, or to a page with nothing new."""
    every = meetings(range(25))
    found, asked = fetch(lambda number: (cut(every, number), 25 if is_counted else None))
    assert found == [ListedMeeting(f"m{number}", f"Room {number}", is_active=True) for number in range(25)]
    assert asked == requests


def test_a_meeting_that_is_deleted_meanwhile_costs_no_other() -> None:
    """It moved one from a page that was not read yet to one that was: the list is read again."""
    asked: list[int] = []

    def page(number: int) -> tuple[list[Any], int | None]:
        asked.append(number)
        left = meetings(range(25) if len(asked) == 1 else range(1, 25))
        return cut(left, number), len(left)

    found, _ = fetch(page)
    assert {one.meeting_id for one in found} == {f"m{number}" for number in range(1, 25)}
    assert asked == [1, 2, 3, 1, 2, 3]


def test_a_list_that_never_holds_still_is_not_written() -> None:
    """Three readings, each with another count."""
    counts = iter(range(25, 100))
    with pytest.raises(ApiUnavailable, match=r"counts .* and shows 25; nothing is written, run again"):
        fetch(lambda number: (cut(meetings(range(25)), number), next(counts)))


def test_a_server_that_repeats_a_page_is_asked_twice_a_reading() -> None:
    """Whatever it counts."""
    asked: list[int] = []

    def page(number: int) -> tuple[list[Any], int | None]:
        asked.append(number)
        return meetings(range(10)), 20_000

    with pytest.raises(ApiUnavailable, match="counts 20,000 and shows 10"):
        fetch(page)
    assert asked == [1, 2] * 3


def test_a_server_that_pages_for_ever_is_not_believed() -> None:
    """After 10,000 pages; here after a few, since each takes a request."""
    with pytest.raises(ApiUnavailable, match="more than 5 pages"):
        fetch(lambda number: (meetings(range(10 * number, 10 * number + 10)), None), most_pages=5)


def test_entries_that_are_no_meetings_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    """An ID that no request can hold, a null, an entry without a title."""
    entries = [{"id": "a/b", "title": "x"}, None, {"id": "good", "title": 7}]
    found, _ = fetch(lambda number: (cut(entries, number), 3))
    assert found == [ListedMeeting("good", "", is_active=False)]
    assert "2 entries of the list have no ID that a meeting can have" in caplog.text
