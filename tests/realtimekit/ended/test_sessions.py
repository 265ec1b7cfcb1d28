"""The list of ended sessions, read while it grows, and where it contradicts itself."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import FailureKind
from etl.realtimekit.ended.fetch import fetch_finals
from etl.values.finals import FinalsRequest, OpenSession
from etl.values.run import RunContext
from tests.conftest import START
from tests.realtimekit.bodies import success
from tests.realtimekit.http.test_client import settings_for
from tests.realtimekit.servers import answering
from tests.samples import payload

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from etl.values.fetch import FetchCounts
    from etl.values.finals import Finals
    from tests.conftest import Api

    ServeApi = Callable[..., Api]

SINCE = START - timedelta(days=1)
COUNTED = "the list of ended sessions: the list contradicts itself: it counts"


def fetch(
    api: Api,
    *,
    now: Callable[[], datetime] | None = None,
    progress: Callable[[FetchCounts], None] | None = None,
    **changes: Any,
) -> Finals:
    """Fetch the final figures of the last day."""
    request = FinalsRequest(apps=[api.world.app_id], since=SINCE)
    context = api.context(now=now or api.clock.now, report_progress=progress)
    return asyncio.run(fetch_finals(request, api.settings(**({"page_size": 20} | changes)), context))


def ids(finals: Finals) -> list[str]:
    """The sessions that were found, in order."""
    return sorted(one.payload["id"] for one in finals.sessions)


def truth(api: Api) -> list[str]:
    """The sessions that had ended by START."""
    return sorted(one.id for one in api.world.sessions(START, "ENDED", since=SINCE))


def messages(finals: Finals) -> list[str]:
    """The messages of the failures."""
    return [failure.message for failure in finals.failures]


@pytest.mark.parametrize("page_size", [1, 7, 100])
@pytest.mark.parametrize("max_per_page", [7, 100])
def test_a_list_is_read_to_its_end_whatever_a_page_holds(
    serve_api: ServeApi, page_size: int, max_per_page: int
) -> None:
    """The server may give fewer entries than it is asked for."""
    api = serve_api(meetings=8, max_per_page=max_per_page)
    finals = fetch(api, page_size=page_size)
    assert ids(finals) == truth(api)
    assert messages(finals) == []


@pytest.mark.parametrize("fault", ["no_paging", "count_not_a_number", "count_of_page"])
def test_the_end_is_found_without_a_count_that_helps(serve_api: ServeApi, fault: str) -> None:
    """The total is missing, a word, or that of the page."""
    api = serve_api(script=itertools.repeat(fault))
    finals = fetch(api)
    assert ids(finals) == truth(api)
    assert messages(finals) == []


def test_sessions_that_end_while_the_list_is_read_hide_none_that_had_ended_before(api: Api) -> None:
    """They take their places by creation, so that those behind them move towards pages that are still to be read."""
    before = truth(api)

    def now() -> datetime:
        api.clock.advance(timedelta(minutes=2))
        return api.clock.now()

    finals = fetch(api, now=now)
    assert set(before) <= set(ids(finals))
    assert len(ids(finals)) == len(set(ids(finals)))
    later = {one.id for one in api.world.sessions(api.clock.now(), "ENDED", since=SINCE)}
    assert set(ids(finals)) <= later
    assert len(later) > len(before)
    assert messages(finals) == []


def test_a_list_that_counts_more_than_it_shows_is_no_whole_list(serve_api: ServeApi) -> None:
    """The sessions are kept. The list is read once more first, since a total may be one session ahead."""
    api = serve_api(script=itertools.repeat("count_too_high"))
    finals = fetch(api)
    assert ids(finals) == truth(api)
    assert [one.startswith(COUNTED) for one in messages(finals)] == [True]
    assert finals.failures[0].kind is FailureKind.MALFORMED
    assert finals.errors == []


def test_progress_is_reported_after_every_page(serve_api: ServeApi) -> None:
    """The reports count the sessions that were seen. A second reading of the list adds none."""
    reports: list[tuple[int, int]] = []
    api = serve_api(script=itertools.repeat("count_too_high"))
    fetch(api, page_size=100, concurrency=1, progress=lambda counts: reports.append((counts.requests, counts.sessions)))
    ended = len(truth(api))
    pages = [min(number * 100, ended) for number in range(1, -(-ended // 100) + 2)]
    readings = [*pages, *[ended] * len(pages)]
    assert reports[: len(readings)] == list(enumerate(readings, start=1))
    assert {sessions for _, sessions in reports[len(readings) :]} == {ended}


@pytest.mark.parametrize(("fault", "why"), [("ok", "it counts"), ("no_paging", "its pages repeat others")])
def test_a_server_that_shows_its_first_page_for_ever_is_found_out(serve_api: ServeApi, fault: str, why: str) -> None:
    """The pages state a total that is not reached, or none."""
    api = serve_api(meetings=8, ignores_page_no=True, script=itertools.repeat(fault))
    finals = fetch(api)
    assert len(ids(finals)) == 20
    (message,) = messages(finals)
    assert message.startswith(f"the list of ended sessions: the list contradicts itself: {why}")
    assert api.app.state.requests < 15


def test_a_server_that_gives_its_last_page_for_those_behind_it_is_no_contradiction() -> None:
    """The list's own count says where it ends."""
    entries = [payload(f"session-{number}", status="ENDED") for number in range(3)]
    with answering(success({"sessions": entries}, paging={"total_count": 3})) as server:
        context = RunContext(now=lambda: START, sleep=asyncio.sleep)
        request = FinalsRequest(apps=["app"], since=SINCE)
        finals = asyncio.run(fetch_finals(request, settings_for(server.base_url), context))
    assert len(ids(finals)) == 3
    assert [one for one in messages(finals) if "ended sessions" in one] == []


def test_a_page_that_was_pushed_back_whole_is_not_the_end(api: Api) -> None:
    """While the limit holds the reading, more sessions may end than a page holds."""
    before = truth(api)
    path = f"{api.world.app_id}/sessions"
    last = len(before) // 2  # the page of two sessions that is the last, or nearly

    def now() -> datetime:
        if api.app.state.requests_by_path[path] == last and api.clock.now() == START:
            api.clock.advance(timedelta(minutes=20))
        return api.clock.now()

    finals = fetch(api, now=now, page_size=2)
    assert set(before) <= set(ids(finals))
    assert messages(finals) == []


def test_a_page_that_cant_be_had_costs_no_other(serve_api: ServeApi) -> None:
    """The failure says why, and the pages behind it are read."""
    api = serve_api(by_page={2: itertools.repeat("internal_error")})
    finals = fetch(api, attempts=1)
    assert len(ids(finals)) == len(truth(api)) - 20
    assert messages(finals) == ["the list of ended sessions: HTTP 500: Internal server error"]


def test_three_pages_in_a_row_that_cant_be_had_end_the_reading(serve_api: ServeApi) -> None:
    """The others would fare no better."""
    api = serve_api(by_page={number: itertools.repeat("internal_error") for number in range(2, 100)})
    finals = fetch(api, attempts=1)
    assert len(ids(finals)) == 20
    assert api.app.state.requests_by_path[f"{api.world.app_id}/sessions"] == 4


def test_a_first_page_that_cant_be_had_ends_the_reading(serve_api: ServeApi) -> None:
    """Nothing is known of the list then, and the run says so."""
    api = serve_api(by_page={1: itertools.repeat("internal_error")})
    finals = fetch(api, attempts=1)
    assert ids(finals) == []
    assert [str(error).startswith("the API gives no valid answer") for error in finals.errors] == [True]


@pytest.mark.parametrize("status", ["LIVE", "live"])
def test_sessions_that_are_live_are_none_of_the_list(status: str) -> None:
    """The API may ignore the filter. A live session has no final figures, and is not a failure."""
    entries = [payload("ended", status="ENDED"), payload("live", status=status)]
    with answering(success({"sessions": entries}, paging={"total_count": 2})) as server:
        request = FinalsRequest(apps=["app"], since=SINCE, open_sessions=[OpenSession("app", "meeting-1", "live")])
        context = RunContext(now=lambda: START, sleep=asyncio.sleep)
        finals = asyncio.run(fetch_finals(request, settings_for(server.base_url), context))
    assert ids(finals) == ["ended"]
    assert [path.partition("?")[0].rpartition("/")[2] for path in server.paths].count("live") == 0
    assert [one for one in messages(finals) if "totals of the days" not in one] == []


def ask_for_one(**changes: Any) -> Finals:
    """Fetch the final figures of an open session that no list shows."""
    with answering(success(payload("open", **changes))) as server:
        request = FinalsRequest(apps=["app"], since=SINCE, open_sessions=[OpenSession("app", "meeting-1", "open")])
        context = RunContext(now=lambda: START, sleep=asyncio.sleep)
        return asyncio.run(fetch_finals(request, settings_for(server.base_url), context))


END = "2026-11-02T11:59:00.000Z"


@pytest.mark.parametrize(
    ("status", "ended_at", "outcome"),
    [
        ("ENDED", END, "final"),
        ("ended", None, "final"),
        (None, END, "final"),
        ("FINISHED", END, "final"),
        ("LIVE", None, "live"),
        ("live", "null", "live"),
        (None, None, "failed"),
        ("ACTIVE", "null", "failed"),
        (7, "", "failed"),
    ],
)
def test_one_session_is_final_if_its_status_or_its_end_says_so(status: object, ended_at: object, outcome: str) -> None:
    """The request does not exclude live sessions. The figures of a live session would be too low for ever."""
    finals = ask_for_one(status=status, ended_at=ended_at)
    assert ids(finals) == (["open"] if outcome == "final" else [])
    expected = ["session open: the answer does not say if the session has ended"] if outcome == "failed" else []
    assert [message for message in messages(finals) if message.startswith("session open")] == expected


def test_an_entry_that_is_no_session_is_kept_as_what_it_is(serve_api: ServeApi) -> None:
    """So that it becomes a failure that quotes it, and costs no other."""
    api = serve_api(by_page={1: ["unreadable_entry"]})
    finals = fetch(api)
    odd = [one for one in finals.sessions if "id" not in one.payload]
    assert [(one.payload, one.meeting.meeting_id) for one in odd] == [({"entry": None}, "*")]
    assert len(finals.sessions) == len(truth(api))
