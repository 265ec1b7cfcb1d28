"""Lists of live sessions that the simulator does not give: repeats, several sessions of a meeting, invalid entries."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import ConfigError, FailureKind
from etl.realtimekit.live.fetch import fetch_sessions
from etl.realtimekit.workers import UNANSWERED_LIMIT
from etl.settings import ApiSettings, Limits, Rate
from etl.values.meetings import Meeting, MeetingList
from etl.values.run import RunContext
from tests.conftest import FREE, START
from tests.realtimekit.bodies import success
from tests.realtimekit.plans import plan
from tests.realtimekit.servers import answering
from tests.samples import payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.values.fetch import FetchResult


def fetch_from(base_url: str, meeting_ids: Sequence[str], *, requests: int = 1, via: str = "list") -> FetchResult:
    """Ask a server about some meetings of an app called app."""
    api = ApiSettings(
        token="token",  # noqa: S106  # of no API
        account_id="account",
        base_url=base_url,
        attempts=1,
        limits=Limits(stated=Rate(requests=requests, seconds=300.0), reserve=0.0),
    )
    asked = MeetingList(meetings=[Meeting("app", meeting_id) for meeting_id in meeting_ids])
    context = RunContext(now=lambda: START, sleep=asyncio.sleep)
    return asyncio.run(fetch_sessions(asked, plan(via, may_ask_each=False), api, context))


async def no_wait(_seconds: float) -> None:
    """Wait no time."""
    await asyncio.sleep(0)


def fetch_pages(meeting_ids: Sequence[str], *pages: list[Any], total: int | None = None) -> FetchResult:
    """Ask a server that gives these pages, in the order in which they are asked for, and room for no more than them."""
    count = len(pages[0]) if total is None else total
    bodies = [json.dumps({"success": True, "data": one, "paging": {"total_count": count}}).encode() for one in pages]
    given = iter(bodies)
    with answering(lambda _: next(given)) as server:
        return fetch_from(server.base_url, meeting_ids, requests=len(pages))


def seen(fetched: FetchResult) -> set[str]:
    """The meetings that the fetch found live."""
    return {observation.meeting.meeting_id for observation in fetched.observations}


def failed(fetched: FetchResult) -> set[str]:
    """The meetings whose outcome the fetch could not learn."""
    return {failure.meeting_id for failure in fetched.failures}


def session(session_id: str, meeting_id: str, **changes: Any) -> dict[str, Any]:
    """A session of a meeting, as the API sends it."""
    return payload(session_id, associated_id=meeting_id, **changes)


def test_a_session_that_is_seen_twice_counts_once_as_it_was_seen_last() -> None:
    """The list moved on between two pages."""
    first, again = session("1", "b", minutes_consumed=1), session("1", "b", minutes_consumed=2)
    other, third = session("0", "a"), session("2", "c")
    fetched = fetch_pages(["a", "b", "c", "d"], [other, first], [first, third], [other, again], total=4)
    assert [one.payload["minutes_consumed"] for one in fetched.observations if one.meeting.meeting_id == "b"] == [2]
    assert (seen(fetched), fetched.counts.live, fetched.counts.idle) == ({"a", "b", "c"}, 3, 1)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.parametrize("rooms", [None, [], [{}], [{"id": "old"}], [{"id": "child"}, {"id": "old"}]])
def test_of_several_sessions_of_a_meeting_the_parent_counts_and_the_others_are_mentioned(
    order: tuple[int, ...], rooms: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A breakout room begins after its parent, or the parent names it. A livestream is not a parent."""
    sessions = [
        session("old", "a", created_at="2026-11-02T10:00:00.000Z"),
        session("parent", "a", created_at="2026-11-02T11:00:00.000Z", breakout_rooms=rooms),
        session("child", "a", created_at="2026-11-02T11:10:00.000Z"),
        session("stream", "a", type="livestream", created_at="2026-11-02T09:30:00.000Z"),
    ]
    fetched = fetch_pages(["a"], [sessions[number] for number in order])
    counted = "parent" if rooms and {"id": "old"} in rooms else "old"
    assert [one.payload["id"] for one in fetched.observations] == [counted]
    assert (fetched.counts.live, fetched.unlisted) == (1, set())
    assert "2 live sessions do not count, because their meeting has another one" in caplog.text


def test_a_livestream_beside_its_meeting_is_not_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    """A livestream is a session of its own kind, in every run of the schedule."""
    fetch_pages(["a"], [session("1", "a"), session("2", "a", type="livestream")])
    assert caplog.text == ""


UUID = "0193f8a2-0000-7000-8000-0000000000ab"


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        (UUID, UUID.upper()),
        (UUID, UUID.replace("-", "")),
        (UUID.replace("-", "").upper(), UUID),
        ("abcdef-ghijkl", "ABCDEF-GHIJKL"),
        ("Abcdef-Ghijkl", "abcdef-ghijkl"),
    ],
)
def test_an_id_that_the_api_writes_differently_is_the_same_meeting(listed: str, written: str) -> None:
    """The row has the ID of the meeting list, as if the meeting had been asked for by itself."""
    fetched = fetch_pages(["other", listed], [session("1", written)])
    assert [(one.meeting.meeting_id, one.payload["associated_id"]) for one in fetched.observations] == [
        (listed, written)
    ]
    assert (fetched.counts.idle, fetched.unlisted) == (1, set())


@pytest.mark.parametrize(
    ("listed", "written", "live"),
    [
        (["abc-defghi"], ["abcdef-ghi"], set()),
        (["Room", "ROOM"], ["room"], set()),
        (["room", "x"], ["room", "Room"], {"room"}),
    ],
)
def test_ids_that_may_be_of_different_meetings_are_not_the_same(
    listed: list[str], written: list[str], live: set[str]
) -> None:
    """Hyphens of room names count, two candidates decide nothing, and an exact match needs no other."""
    fetched = fetch_pages(listed, [session(str(number), one) for number, one in enumerate(written)])
    assert seen(fetched) == live
    assert len(fetched.unlisted) == len(written) - len(live)


def test_ids_are_compared_letter_by_letter() -> None:
    """Two rooms may differ in capitals alone. If the list holds both, neither stands for a third."""
    fetched = fetch_pages(["Room", "room"], [session("1", "room"), session("2", "ROOM")])
    assert seen(fetched) == {"room"}
    assert (fetched.counts.idle, fetched.unlisted) == (1, {Meeting("app", "ROOM")})


@pytest.mark.parametrize("status", ["LIVE", "live", "", None, 7, "ACTIVE"])
def test_a_session_that_does_not_say_that_it_has_ended_is_live(status: object) -> None:
    """By either way."""
    payload = session("1", "a", status=status)
    assert seen(fetch_pages(["a"], [payload])) == {"a"}
    assert seen(ask_each(payload)) == {"a"}


@pytest.mark.parametrize("status", ["ENDED", "ended"])
def test_a_session_that_says_that_it_has_ended_is_idle(status: str) -> None:
    """By either way."""
    payload = session("1", "a", status=status)
    for fetched in (fetch_pages(["a"], [payload]), ask_each(payload)):
        assert (seen(fetched), fetched.counts.idle, fetched.failures) == (set(), 1, [])


def ask_each(payload: dict[str, Any]) -> FetchResult:
    """Ask for the meeting a by itself, of a server that answers with a payload."""
    with answering(success(payload)) as server:
        return fetch_from(server.base_url, ["a"], via="meetings")


def test_what_is_not_live_is_none_of_the_list() -> None:
    """A session may end while the page is made, or the API may ignore the filter."""
    fetched = fetch_pages(["a", "b"], [session("1", "a"), session("2", "b", status="ENDED")])
    assert (seen(fetched), fetched.counts.idle) == ({"a"}, 1)


def test_a_list_that_is_not_sorted_is_not_whole() -> None:
    """Newest first, those that start push others onto pages that are read already: nobody is idle for that."""
    newest_first = [session("2", "b"), session("1", "a", created_at="2026-11-02T10:00:00Z")]
    fetched = fetch_pages(["a", "b", "c"], newest_first)
    assert (seen(fetched), fetched.counts.idle) == ({"a", "b"}, 0)
    assert "it is not sorted by creation" in fetched.failures[0].message


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "session",
        [],
        {},
        {"id": "1"},
        {"associated_id": "b"},
        {"id": "", "associated_id": "b"},
        {"id": 1, "associated_id": "b"},
        {"id": ["1"], "associated_id": "b"},
        {"id": "1", "associated_id": ""},
        {"id": "1", "associated_id": 1},
        {"id": "1", "associated_id": "b "},
        {"id": "1", "associated_id": "\ud800"},
        {"id": "1", "associated_id": "b" * 129},
    ],
)
def test_an_entry_that_names_no_session_or_no_meeting_makes_nobody_idle(entry: Any) -> None:
    """The entry may be the session of any meeting that is not on the list."""
    fetched = fetch_pages(["a", "b"], [session("0", "a"), entry])
    assert (seen(fetched), failed(fetched), fetched.counts.idle) == ({"a"}, {"b"}, 0)
    assert fetched.failures[0].kind is FailureKind.MALFORMED
    assert "entries that name no session and meeting" in fetched.failures[0].message


def test_a_page_of_such_entries_costs_none_of_the_others() -> None:
    """The list is not whole, but all of its pages are read."""
    first, second = session("0", "a"), session("1", "b")
    fetched = fetch_pages(["a", "b", "c"], [first, second], [None, None], [first, second], total=4)
    assert (seen(fetched), failed(fetched)) == ({"a", "b"}, {"c"})


def test_a_query_that_the_list_refuses_is_such_an_error() -> None:
    """HTTP 400: a version of the API that does not know the order asked for."""
    body = json.dumps({"success": False, "error": {"code": 400, "message": "sort_by must be name"}}).encode()
    with answering(body, status=400) as server:
        fetched = fetch_from(server.base_url, ["a", "b"])
    assert (failed(fetched), len(server.paths)) == ({"a", "b"}, 1)
    with pytest.raises(ConfigError, match="sort_by must be name"):
        raise fetched.errors[0]


@pytest.mark.parametrize("status", [500, 403])
def test_every_app_has_its_chance_although_the_lists_of_many_fail(status: int) -> None:
    """More than fifty lists fail in a row, each for its own app. The list of the last app is read."""
    refusal = json.dumps({"success": False, "error": {"code": status, "message": "no"}}).encode()
    good = json.dumps({"success": True, "data": [session("0", "m")], "paging": {"total_count": 1}}).encode()
    apps = [f"app-{number}" for number in range(UNANSWERED_LIMIT + 10)]

    def answer(path: str) -> tuple[int, bytes]:
        return (200, good) if f"/{apps[-1]}/" in path else (status, refusal)

    with answering(answer) as server:
        api = ApiSettings(token="token", account_id="account", base_url=server.base_url, attempts=1, limits=FREE)  # noqa: S106  # of no API
        context = RunContext(now=lambda: START, sleep=no_wait)
        asked = MeetingList(meetings=[Meeting(app_id, "m") for app_id in apps])
        fetched = asyncio.run(fetch_sessions(asked, plan("list"), replace(api, concurrency=1), context))
    by_list = {path.split("/")[-2] for path in server.paths if "/sessions?" in path}
    assert by_list == set(apps)
    assert {observation.meeting.app_id for observation in fetched.observations} == {apps[-1]}
