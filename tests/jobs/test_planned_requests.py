"""A run sends as many requests as its plan says, and takes the way that costs fewer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.jobs.prepare import plan_snapshot
from etl.jobs.snapshot import take_snapshot
from etl.values.fetch import ViaReason
from tests.conftest import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.settings import SnapshotSettings
    from etl.values.run import SnapshotSummary
    from tests.conftest import Api

    Settings = Callable[..., SnapshotSettings]
    ServeApi = Callable[..., Api]

ALL_LIVE = {"meetings": 10, "live_share": 1.0}
SOME_LIVE = {"meetings": 40, "live_share": 0.4}
NONE_LIVE = {"meetings": 10, "live_share": 0.0}


def take(settings: SnapshotSettings, api: Api, *, hour: int = 0) -> SnapshotSummary:
    """Take the snapshot of an hour, while the clock of the API stands still."""
    api.clock.advance(timedelta(milliseconds=1))
    return asyncio.run(take_snapshot(replace(settings, slot=START - timedelta(hours=hour)), api.context()))


@pytest.mark.parametrize(
    ("world", "page_size", "requests"),
    [
        (NONE_LIVE, 100, 1),
        (SOME_LIVE, 100, 1),
        (SOME_LIVE, 20, 1),
        (SOME_LIVE, 19, 2),
        (SOME_LIVE, 18, 3),
        (SOME_LIVE, 5, 5),
        (SOME_LIVE, 1, 20),
        (ALL_LIVE, 100, 2),
        (ALL_LIVE, 10, 2),
        (ALL_LIVE, 9, 3),
        (ALL_LIVE, 5, 3),
        (ALL_LIVE, 2, 7),
        (ALL_LIVE, 1, 12),
    ],
)
def test_a_list_costs_what_the_plan_says(
    serve_api: ServeApi, snapshot_settings: Settings, world: dict[str, Any], page_size: int, requests: int
) -> None:
    """The second run knows how many sessions are live. 19 of 40 meetings are live, all of 10, or none."""
    api = serve_api(**world)
    settings = snapshot_settings(api, via="list", api=api.settings(page_size=page_size))
    take(settings, api)
    run = take(settings, api, hour=1)
    assert (run.plan.requests, run.run.requests) == (requests, requests)


@pytest.mark.parametrize("world", [NONE_LIVE, SOME_LIVE, ALL_LIVE])
def test_one_request_per_meeting_costs_what_the_plan_says(
    serve_api: ServeApi, snapshot_settings: Settings, world: dict[str, Any]
) -> None:
    """The number of live meetings does not matter."""
    api = serve_api(**world)
    run = take(snapshot_settings(api, via="meetings"), api)
    assert run.plan.requests == run.run.requests == world["meetings"]


def test_all_meetings_cost_what_the_plan_says(api: Api, snapshot_settings: Settings) -> None:
    """An earlier run has counted them."""
    settings = snapshot_settings(api, meetings=None, api=api.settings(page_size=5))
    take(settings, api)
    run = take(settings, api, hour=1)
    assert (run.plan.requests, run.run.requests) == (5, 5)


def test_a_run_takes_the_list_once_it_is_known_to_cost_less(api: Api, snapshot_settings: Settings) -> None:
    """40 meetings go one by one until a run has counted the live sessions. The plan that is shown is carried out."""
    settings = snapshot_settings(api)
    first, again = take(settings, api), take(settings, api, hour=1)
    assert [run.plan.reason for run in (first, again)] == [ViaReason.LIVE_SESSIONS_UNKNOWN] * 2
    assert (first.run.requests, again.run.requests) == (40, 40)
    take(replace(settings, via="list"), api, hour=2)
    shown = plan_snapshot(replace(settings, slot=START - timedelta(hours=3)), api.clock.now())
    last = take(settings, api, hour=3)
    assert (shown.via, shown.reason, shown.requests) == ("list", ViaReason.FEWER_REQUESTS, 1)
    assert (last.plan.via, last.plan.reason, last.run.via, last.run.requests) == (
        "list",
        ViaReason.FEWER_REQUESTS,
        "list",
        1,
    )


@pytest.mark.parametrize(("page_size", "via", "requests"), [(100, "list", 1), (5, "meetings", 3)])
def test_a_slot_that_is_nearly_complete_is_completed_with_fewer_requests(
    serve_api: ServeApi, snapshot_settings: Settings, page_size: int, via: str, requests: int
) -> None:
    """Only the three meetings that failed are fetched again, one by one or by a list that costs less."""
    api = serve_api(script=["internal_error"] * 3)
    settings = snapshot_settings(api, api=api.settings(page_size=page_size, attempts=1, concurrency=1))
    first = take(replace(settings, via="meetings"), api)
    assert first.run.failed == 3
    take(replace(settings, via="list"), api, hour=1)
    again = take(settings, api)
    assert (again.plan.via, again.plan.requests, again.run.requests) == (via, requests, requests)
    assert (again.already_resolved, again.run.failed) == (37, 0)


def test_a_slot_that_is_nearly_complete_goes_one_by_one_without_a_count(
    serve_api: ServeApi, snapshot_settings: Settings
) -> None:
    """Few meetings are left."""
    api = serve_api(script=["internal_error"] * 3)
    settings = snapshot_settings(api, api=api.settings(attempts=1, concurrency=1))
    take(settings, api)
    again = take(settings, api)
    assert (again.plan.reason, again.run.via, again.run.requests) == (ViaReason.LIVE_SESSIONS_UNKNOWN, "meetings", 3)
