from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.simulator.faults import Faults
from etl.simulator.limits import Meter, Quota
from etl.simulator.world import DEFAULT_EPOCH

if TYPE_CHECKING:
    import httpx

    from etl.simulator.clock import SimulatedClock

    from .conftest import Start


def standing(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Read status, Ratelimit and Retry-After."""
    return answer.status_code, answer.headers["ratelimit"], answer.headers.get("retry-after")


def test_the_documented_quota_holds_unless_told(start: Start) -> None:
    """1,200 requests in 300 s, said on every answer in structured fields."""
    answer = start().get("/sessions")
    assert answer.headers["ratelimit-policy"] == '"default";q=1200;w=300'
    assert standing(answer) == (200, '"default";r=1199;t=300', None)


def test_over_the_quota_everything_is_refused_for_five_minutes(start: Start, clock: SimulatedClock) -> None:
    """The request too many starts a refusal of 300 s that further requests do not prolong."""
    caller = start(quota=Quota(2, timedelta(seconds=60)))
    assert standing(caller.get("/sessions"))[:2] == (200, '"default";r=1;t=60')
    clock.advance(timedelta(seconds=10.5))
    assert standing(caller.get("/sessions"))[:2] == (200, '"default";r=0;t=50')
    refused = caller.get("/meetings")
    assert standing(refused) == (429, '"default";r=0;t=300', "300")
    assert refused.json()["errors"][0]["code"] == 971
    clock.advance(timedelta(seconds=299.1))
    assert standing(caller.get("/sessions")) == (429, '"default";r=0;t=1', "1")
    clock.advance(timedelta(seconds=0.9))
    assert standing(caller.get("/sessions"))[:2] == (200, '"default";r=1;t=60')


def test_a_window_that_ends_gives_the_whole_quota_back(start: Start, clock: SimulatedClock) -> None:
    """What was used in one window does not count in the next."""
    caller = start(quota=Quota(2, timedelta(seconds=60)))
    caller.get("/sessions")
    clock.advance(timedelta(seconds=60))
    assert standing(caller.get("/sessions"))[:2] == (200, '"default";r=1;t=60')


def test_a_wrong_token_uses_nobodys_quota(start: Start) -> None:
    """The limit is one token's; answers to another still carry the headers."""
    caller = start(quota=Quota(2))
    right = caller.http.headers["Authorization"]
    caller.http.headers["Authorization"] = "Bearer wrong"
    assert standing(caller.get("/sessions"))[:2] == (401, '"default";r=2;t=0')
    caller.http.headers["Authorization"] = right
    caller.get("/sessions")
    caller.http.headers["Authorization"] = "Bearer wrong"
    assert standing(caller.get("/sessions"))[:2] == (401, '"default";r=1;t=300')


def test_what_was_let_in_and_refused_can_be_read(start: Start, clock: SimulatedClock) -> None:
    """`windows` counts what each window let in, `refusals` the quota's own 429s: not a fault's, not a token's."""
    caller = start(quota=Quota(3), faults=Faults(script=["rate_limited"]))
    assert (caller.state.windows, caller.state.refusals) == ([], 0)
    assert [caller.get("/sessions").status_code for _ in range(5)] == [429, 200, 200, 429, 429]
    assert (caller.state.windows, caller.state.refusals) == ([3], 2)
    clock.advance(timedelta(seconds=300))
    caller.get("/sessions")
    caller.http.headers["Authorization"] = "Bearer wrong"
    caller.get("/sessions")
    assert (caller.state.windows, caller.state.refusals, caller.state.requests) == ([3, 1], 2, 7)


@given(st.integers(1, 20), st.lists(st.integers(0, 100), max_size=60))
def test_no_window_lets_more_through_than_its_quota(allowed: int, steps: list[int]) -> None:
    """Whatever the pace, a window lets in at most its quota, and a refusal lasts 300 s."""
    meter, at, let_in, refused_at = Meter(Quota(allowed)), DEFAULT_EPOCH, [], None
    for step in steps:
        at += timedelta(seconds=step)
        if meter.count(at).refused:
            refused_at = at if refused_at is None else refused_at
            assert at < refused_at + timedelta(seconds=300)
        else:
            refused_at = None
            let_in.append(at)
    assert sum(meter.windows) == len(let_in)
    assert all(1 <= one <= allowed for one in meter.windows)
    for first, beyond in zip(let_in, let_in[2 * allowed :], strict=False):
        assert beyond - first >= timedelta(seconds=300)


@pytest.mark.parametrize("text", ["1200/300s", "1/1s", " 35/60s "])
def test_a_quota_is_written_as_requests_in_seconds(text: str) -> None:
    """What is read is written the same way."""
    assert str(Quota.parse(text)) == text.strip()


@pytest.mark.parametrize("text", ["", "1200", "1200/300", "-1/300s", "0/300s", "1200/0s", "1.5/2s", "x/ys"])
def test_another_quota_is_refused(text: str) -> None:
    """A quota that is none is refused with words that say how to write one."""
    with pytest.raises(ValueError, match=r"quota"):
        Quota.parse(text)
