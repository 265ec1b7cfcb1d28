from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.settings import Rate
from etl.simulator.app import create_app
from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    from datetime import datetime

    from etl.simulator.clock import SimulatedClock
    from etl.simulator.sessions import Session

    from .conftest import Caller, Start

LATER = DEFAULT_EPOCH + timedelta(days=2, hours=3)

instants = st.integers(-6 * 3_600_000, 60 * 3_600_000).map(lambda ms: DEFAULT_EPOCH + timedelta(milliseconds=ms))


def live_page(caller: Caller, page_no: int, per_page: int = 100) -> dict[str, Any]:
    """Request a page of the LIVE sessions, the oldest first."""
    order: dict[str, str | int] = {"status": "LIVE", "sort_by": "createdAt", "sort_order": "ASC"}
    body: dict[str, Any] = caller.get("/sessions", **order, page_no=page_no, per_page=per_page).json()
    return body


def by_start(sessions: list[Session]) -> list[Session]:
    """Sort sessions by their start, then by ID."""
    return sorted(sessions, key=lambda one: (one.started_ms, one.id))


def test_requests_for_the_list_are_counted_by_page(start: Start) -> None:
    """A missing `page_no` and 0 count as page 1; other lists, sessions and odd numbers are not counted."""
    caller = start()
    for page_no in ("", "0", "1", "7", "-1", "many"):
        caller.get("/sessions", page_no=page_no)
    for path in ("/sessions", "/meetings", "/sessions/1", "/sessions/1/2"):
        caller.get(path)
    assert caller.state.requests_by_page == {1: 4, 7: 1}
    assert caller.state.requests == 10


def test_the_greatest_page_can_be_chosen(start: Start) -> None:
    """A greater `per_page` gets the greatest page, of sessions and of meetings, and `paging` says so."""
    caller = start(World(seed=1, meetings=130), max_per_page=7)
    sessions, meetings = live_page(caller, 2), caller.get("/meetings", page_no=2, per_page=100).json()
    assert (len(sessions["data"]["sessions"]), len(meetings["data"])) == (7, 7)
    assert meetings["paging"] == {"total_count": 130, "start_offset": 8, "end_offset": 14}
    assert (sessions["paging"]["start_offset"], sessions["paging"]["end_offset"]) == (8, 14)
    assert len(caller.data("/meetings")) == 7
    assert len(start(World(seed=1, meetings=130), max_per_page=1000).data("/meetings", per_page=500)) == 130


def test_a_page_has_at_least_one_entry(clock: SimulatedClock) -> None:
    """A greatest page of 0 entries is refused when the API is made."""
    with pytest.raises(ValueError, match="at most 0 entries per page"):
        create_app(World(), now=clock.now, max_per_page=0)
    create_app(World(), now=clock.now, max_per_page=1)


def test_a_list_may_ignore_the_page_asked_for(start: Start) -> None:
    """Every `page_no` is answered with page 1, and counted under the number of the request."""
    caller = start(World(seed=1, meetings=130), ignores_page_no=True)
    assert live_page(caller, 1, 10) == live_page(caller, 2, 10) == live_page(caller, 99, 10)
    assert live_page(caller, 2, 10)["paging"]["start_offset"] == 1
    assert caller.get("/meetings", page_no=3).json() == caller.get("/meetings").json()
    assert caller.state.requests_by_page == {1: 1, 2: 2, 99: 1}


def test_pages_are_one_list(start: Start) -> None:
    """While the clock stands still, the pages hold every live session once, by creation, then by ID."""
    caller = start(World(seed=1, meetings=1000))
    total = live_page(caller, 1, 50)["paging"]["total_count"]
    listed = [one for number in range(1, total // 50 + 2) for one in live_page(caller, number, 50)["data"]["sessions"]]
    assert total > 250
    assert [one["id"] for one in listed] == [one.id for one in caller.world.sessions(LATER, "LIVE")]
    assert listed == sorted(listed, key=lambda one: (one["created_at"], one["id"]))
    assert all(one["created_at"] == one["started_at"] for one in listed)


def test_sessions_that_start_at_once_are_ordered_by_id() -> None:
    """Sessions that start in the same millisecond are ordered by their IDs, at every request."""
    live = World(seed=1, meetings=20_000).sessions(LATER, "LIVE")
    assert len({one.started_ms for one in live}) < len(live)
    assert live == by_start(live) == World(seed=1, meetings=20_000).sessions(LATER, "LIVE")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), instants, st.sampled_from([0.02, 0.3, 1.0]))
def test_live_sessions_have_started_and_have_not_ended(seed: int, at: datetime, share: float) -> None:
    """The live sessions are all sessions under way at the instant, in the same order."""
    world = World(seed=seed, meetings=40, live_share=share)
    begun = world.sessions(at)
    assert begun == by_start(begun)
    live = [one for one in begun if one.started_at <= at < one.ended_at]
    assert world.sessions(at, "LIVE") == live == world.sessions_between(at, at + timedelta(milliseconds=1))


def test_a_list_belongs_to_its_caller() -> None:
    """A change of a list of live sessions does not change the next list."""
    world = World()
    live = world.sessions(LATER, "LIVE")
    world.sessions(LATER, "LIVE").clear()
    assert world.sessions(LATER, "LIVE") == live


def test_the_live_sessions_of_a_large_world_are_listed_fast() -> None:
    """The first list of 20,000 meetings takes less than two seconds, later lists a fraction of that."""
    world = World(seed=1, meetings=20_000)
    assert world.meeting_ids
    for at, seconds in ((LATER, 2.0), (LATER, 0.02), (LATER + timedelta(seconds=1), 0.1)):
        begin = time.process_time()
        assert len(world.sessions(at, "LIVE")) == pytest.approx(6000, rel=0.1)
        assert time.process_time() - begin < seconds


def test_reading_all_pages_costs_what_the_pages_hold(start: Start) -> None:
    """A page of 6,000 live sessions takes milliseconds: the list is neither made nor sorted again."""
    caller = start(World(seed=1, meetings=20_000), quota=Rate(requests=1000, seconds=300.0))
    caller.http.timeout = httpx.Timeout(60)  # the first page makes 6,000 sessions, which a busy machine delays
    total = live_page(caller, 1)["paging"]["total_count"]
    begin = time.process_time()
    sizes = [len(live_page(caller, number)["data"]["sessions"]) for number in range(1, -(-total // 100) + 1)]
    assert (time.process_time() - begin) / len(sizes) < 0.03
    assert sum(sizes) == total
