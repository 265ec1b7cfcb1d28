from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.settings import CLOUDFLARE_RATE, ApiSettings, Limits, Rate, SnapshotSettings

NOON = datetime(2026, 11, 23, 12, 7, 33, 250000, tzinfo=UTC)


def snapshot(**changes: Any) -> SnapshotSettings:
    """Make settings of some snapshot."""
    api = ApiSettings(token="token", account_id="account")  # noqa: S106  # no token of anything
    return SnapshotSettings(api=api, meetings=None, app_id="app", database=Path("usage.duckdb"), **changes)


# The limit


@pytest.mark.parametrize(
    ("requests", "reserve", "usable"),
    [(1200, 0.1, 1080), (1200, 0, 1200), (10, 0.11, 8), (10, 0.99, 1), (2, 0.5, 1), (1, 0.1, 1), (1, 0.99, 1)],
)
def test_of_a_window_all_but_the_reserve_is_ours(requests: int, reserve: float, usable: int) -> None:
    """The reserve is rounded up, but leaves at least one request. Otherwise a run could never end."""
    rate = Rate(requests=requests, seconds=300)
    assert Limits(stated=rate, reserve=reserve).usable == usable


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_what_is_ours_is_never_more_than_the_reserve_leaves(requests: int, reserve: float) -> None:
    """The difference is at most one request."""
    usable = Limits(stated=Rate(requests=requests, seconds=300), reserve=reserve).usable
    left = requests * (1 - reserve)
    assert 1 <= usable <= requests
    assert usable == 1 or left - 1.001 <= usable <= left + 0.001


def test_unless_stated_the_limit_is_the_one_that_cloudflare_documents() -> None:
    """The limit is 1,200 requests in 300 s, less a tenth, and 190 of the 200 requests per second."""
    limits = Limits()
    assert (limits.rate, limits.usable, limits.requests_per_second) == (CLOUDFLARE_RATE, 1080, 190)
    assert Rate(requests=1200, seconds=300) == CLOUDFLARE_RATE


@pytest.mark.parametrize(
    ("rate", "requests_per_second"),
    [(Rate(requests=10, seconds=1), 190), (Rate(requests=190, seconds=1), 190), (Rate(requests=900, seconds=3), 300)],
)
def test_a_stated_rate_takes_the_place_of_the_documented_limit(rate: Rate, requests_per_second: float) -> None:
    """Only a faster rate raises the limit per second as well."""
    limits = Limits(stated=rate)
    assert (limits.rate, limits.requests_per_second) == (rate, requests_per_second)


# The time that a run has


def test_a_run_without_bounds_has_all_the_time() -> None:
    """The result has no option."""
    assert snapshot().time_left(NOON) == {}


@pytest.mark.parametrize(
    ("bounds", "left"),
    [
        ({"deadline": timedelta(minutes=4)}, {"deadline": 240.0}),
        ({"deadline": timedelta()}, {"deadline": 0.0}),
        ({"every": timedelta(minutes=5)}, {"every": 146.75}),
        ({"every": timedelta(hours=1)}, {"every": 3146.75}),
        ({"deadline": timedelta(minutes=1), "every": timedelta(minutes=5)}, {"deadline": 60.0, "every": 146.75}),
        ({"every": timedelta(minutes=5), "slot": NOON - timedelta(days=1)}, {"every": 146.75}),
    ],
)
def test_a_run_has_the_time_to_its_deadline_and_to_the_next_slot(
    bounds: dict[str, Any], left: dict[str, float]
) -> None:
    """The result has one entry per option. The next slot is that of the clock, whatever `--slot` is."""
    assert snapshot(**bounds).time_left(NOON) == left


def test_at_the_start_of_a_slot_a_run_has_all_of_it() -> None:
    """The time left is one interval, not zero."""
    noon = NOON.replace(minute=5, second=0, microsecond=0)
    assert snapshot(every=timedelta(minutes=5)).time_left(noon) == {"every": 300.0}
