from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from etl.settings import Rate
from etl.simulator.faults import Faults
from etl.simulator.limits import Quota
from etl.simulator.world import DEFAULT_EPOCH

if TYPE_CHECKING:
    import httpx

    from etl.simulator.clock import SimulatedClock

    from .conftest import Start


def limit_state(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Read status, Ratelimit and Retry-After."""
    return answer.status_code, answer.headers["ratelimit"], answer.headers.get("retry-after")


def test_the_documented_quota_is_the_default(start: Start) -> None:
    """The default is 1,200 requests in 300 s; every answer states it in structured fields."""
    answer = start().get("/sessions")
    assert answer.headers["ratelimit-policy"] == '"default";q=1200;w=300'
    assert limit_state(answer) == (200, '"default";r=1199;t=300', None)


def test_over_the_quota_everything_is_refused_for_five_minutes(start: Start, clock: SimulatedClock) -> None:
    """The first request over the quota starts a refusal of 300 s, which further requests do not prolong."""
    caller = start(quota=Rate(requests=2, seconds=60.0))
    assert limit_state(caller.get("/sessions"))[:2] == (200, '"default";r=1;t=60')
    clock.advance(timedelta(seconds=10.5))
    assert limit_state(caller.get("/sessions"))[:2] == (200, '"default";r=0;t=50')
    refused = caller.get("/meetings")
    assert limit_state(refused) == (429, '"default";r=0;t=300', "300")
    assert refused.json()["errors"][0]["code"] == 971
    clock.advance(timedelta(seconds=299.1))
    assert limit_state(caller.get("/sessions")) == (429, '"default";r=0;t=1', "1")
    clock.advance(timedelta(seconds=0.9))
    assert limit_state(caller.get("/sessions"))[:2] == (200, '"default";r=1;t=60')


def test_a_window_that_ends_gives_the_whole_quota_back(start: Start, clock: SimulatedClock) -> None:
    """Requests of one window do not count in the next."""
    caller = start(quota=Rate(requests=2, seconds=60.0))
    caller.get("/sessions")
    clock.advance(timedelta(seconds=60))
    assert limit_state(caller.get("/sessions"))[:2] == (200, '"default";r=1;t=60')


def test_a_wrong_token_uses_nobodys_quota(start: Start) -> None:
    """A request with another token is not counted; its answer still has the headers."""
    caller = start(quota=Rate(requests=2, seconds=300.0))
    right = caller.http.headers["Authorization"]
    caller.http.headers["Authorization"] = "Bearer wrong"
    assert limit_state(caller.get("/sessions"))[:2] == (401, '"default";r=2;t=0')
    caller.http.headers["Authorization"] = right
    caller.get("/sessions")
    caller.http.headers["Authorization"] = "Bearer wrong"
    assert limit_state(caller.get("/sessions"))[:2] == (401, '"default";r=1;t=300')


def test_requests_let_in_and_refused_are_counted(start: Start, clock: SimulatedClock) -> None:
    """`let_in_by_window` counts the requests let in, `refusals` the 429s of the quota, without those of faults."""
    caller = start(quota=Rate(requests=3, seconds=300.0), faults=Faults(script=["rate_limited"]))
    assert (caller.state.let_in_by_window, caller.state.refusals) == ([], 0)
    assert [caller.get("/sessions").status_code for _ in range(5)] == [429, 200, 200, 429, 429]
    assert (caller.state.let_in_by_window, caller.state.refusals) == ([3], 2)
    clock.advance(timedelta(seconds=300))
    caller.get("/sessions")
    caller.http.headers["Authorization"] = "Bearer wrong"
    caller.get("/sessions")
    assert (caller.state.let_in_by_window, caller.state.refusals, caller.state.requests) == ([3, 1], 2, 7)


@given(st.integers(1, 20), st.lists(st.integers(0, 100), max_size=60))
def test_no_window_lets_more_through_than_its_quota(allowed: int, steps: list[int]) -> None:
    """At any pace a window lets in at most its quota, and a refusal lasts 300 s."""
    quota, at, let_in, refused_at = Quota(Rate(requests=allowed, seconds=300.0)), DEFAULT_EPOCH, [], None
    for step in steps:
        at += timedelta(seconds=step)
        if quota.count(at).is_refused:
            refused_at = at if refused_at is None else refused_at
            assert at < refused_at + timedelta(seconds=300)
        else:
            refused_at = None
            let_in.append(at)
    assert sum(quota.let_in_by_window) == len(let_in)
    assert all(1 <= one <= allowed for one in quota.let_in_by_window)
    for first, beyond in zip(let_in, let_in[2 * allowed :], strict=False):
        assert beyond - first >= timedelta(seconds=300)
