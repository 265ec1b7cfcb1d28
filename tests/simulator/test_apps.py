from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.settings import Rate
from etl.simulator.app import create_app
from etl.simulator.faults import Faults
from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    from etl.simulator.clock import SimulatedClock

    from .conftest import Start

ONE = World(seed=1, meetings=130, app_id="one", app_name="One")
TWO = World(seed=2, meetings=40, app_id="two", app_name="Two", epoch=DEFAULT_EPOCH + timedelta(days=1))


def test_an_account_may_have_several_apps(start: Start) -> None:
    """The list of apps holds each world, in the order given."""
    caller = start(ONE, TWO)
    answer = caller.http.get(f"{caller.base_url}/accounts/{ONE.account_id}/realtime/kit/apps")
    assert answer.json()["data"] == [
        {"id": "one", "name": "One", "created_at": "2026-01-05T00:00:00.000Z"},
        {"id": "two", "name": "Two", "created_at": "2026-01-06T00:00:00.000Z"},
    ]


def test_apps_are_listed_in_pages(start: Start) -> None:
    """The list of apps has pages and `paging`; it can be searched by ID and name, and reversed."""
    caller = start(*(World(seed=n, meetings=1, app_id=f"app-{n:02}", app_name=f"Café {n:02}") for n in range(1, 24)))

    def apps(**params: str | int) -> Any:
        url = f"{caller.base_url}/accounts/{ONE.account_id}/realtime/kit/apps"
        return caller.http.get(url, params=params).json()

    first, second = apps(), apps(page_no=2)
    assert [one["id"] for one in first["data"] + second["data"]] == [f"app-{n:02}" for n in range(1, 24)]
    assert first["paging"] == {"total_count": 23, "start_offset": 1, "end_offset": 20}
    assert second["paging"] == {"total_count": 23, "start_offset": 21, "end_offset": 23}
    assert [one["id"] for one in apps(search="CAFÉ 07")["data"]] == ["app-07"]
    assert [one["id"] for one in apps(search="app-2", sort_order="DESC")["data"]] == [f"app-2{n}" for n in (3, 2, 1, 0)]
    assert apps(sort_order="down")["error"]["code"] == 400


def test_an_app_has_no_data_of_another(start: Start, clock: SimulatedClock) -> None:
    """Meetings, sessions and totals are those of the app in the path; those of another app are unknown."""
    caller = start(ONE, TWO)
    for mine, other in itertools.permutations((ONE, TWO)):
        here, live = caller.of(mine), mine.sessions(clock.now(), "LIVE")
        listed = here.data("/sessions", status="LIVE", per_page=100)["sessions"]
        assert {one["id"] for one in listed} == {one.id for one in live}
        assert {one["organization_id"] for one in listed} == {mine.app_id}
        assert here.get("/meetings").json()["paging"]["total_count"] == mine.meetings
        stats = here.data("/analytics/daywise")["session_stats"]
        assert stats["sessions_count"] == len(mine.sessions(clock.now()))
        stranger = other.sessions(clock.now(), "LIVE")[0]
        assert here.active(stranger.meeting_id).json()["error"]["message"].startswith("Meeting not found")
        assert here.get(f"/sessions/{stranger.id}").status_code == 404
    assert caller.of(World(app_id="three")).get("/sessions").json()["errors"][0]["code"] == 7003


def test_apps_share_the_token_the_quota_and_the_counts(start: Start) -> None:
    """A request for one app uses up the quota of all; counts and faults by page hold for every app."""
    caller = start(
        ONE, TWO, quota=Rate(requests=3, seconds=300.0), faults=Faults(by_page={2: ["internal_error", "unavailable"]})
    )
    asked = [caller.of(world).get("/sessions", page_no=2) for world in (ONE, TWO, ONE, TWO)]
    assert [answer.status_code for answer in asked] == [500, 503, 200, 429]
    assert (caller.state.requests_by_page, caller.state.let_in_by_window, caller.state.refusals) == ({2: 4}, [3], 1)
    assert caller.state.requests_by_path == {"one/sessions": 2, "two/sessions": 2}


def test_worlds_must_be_apps_of_one_account(clock: SimulatedClock) -> None:
    """Two accounts, one app twice and no app at all are refused when the API is made."""
    with pytest.raises(ValueError, match=r"2 accounts \(a, simulated-account\)"):
        create_app([ONE, World(seed=2, app_id="two", account_id="a")], now=clock.now)
    with pytest.raises(ValueError, match="2 worlds have only the apps one"):
        create_app([ONE, World(seed=2, app_id="one")], now=clock.now)
    with pytest.raises(ValueError, match="0 accounts"):
        create_app([], now=clock.now)


def test_a_single_world_need_not_be_in_a_list(clock: SimulatedClock) -> None:
    """A world can be passed alone, in a list or in a tuple."""
    for worlds in (ONE, [ONE], (ONE,)):
        assert create_app(worlds, now=clock.now).state.requests == 0
