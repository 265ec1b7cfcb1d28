from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from etl.simulator.faults import FAULTS, TRANSIENT, Faults
from etl.simulator.world import World

if TYPE_CHECKING:
    from etl.simulator.clock import SimulatedClock

    from .conftest import Start

GATEWAY = {"malformed_token": (400, 6003), "authentication": (401, 10000), "forbidden": (403, 10000)}
GATEWAY |= {"missing_scope": (403, 9109), "no_route": (404, 7003)}
GATEWAY |= {"rate_limited": (429, 971), "rate_limited_bare": (429, 971)}
REALTIMEKIT = {"internal_error": (500, 500), "unknown_meeting": (404, 404), "success_false": (200, 500)}
REALTIMEKIT |= {"forbidden_by_realtimekit": (403, 403)}
EDGE = {"bad_gateway_html": 502, "unavailable": 503, "edge_connect_timeout": 522, "edge_timeout": 524}
EDGE |= {"edge_1015": 429, "not_json": 200}
ODD_BODY = {"not_object", "empty_body", "too_large"}
CONTENT = {"wrong_types", "missing_fields", "no_paging", "unreadable_entry", "wrapped_session"}
CONTENT |= {"count_too_high", "count_of_page", "count_not_a_number"}
CONNECTION = {"dropped", "cut_body", "slow"}


def answer_with(start: Start, clock: SimulatedClock, fault: str, *, slow_seconds: float = 2.0) -> httpx.Response:
    """Request a session that is live, and meet the fault."""
    caller = start(faults=Faults(script=[fault], slow_seconds=slow_seconds))
    answer = caller.active(caller.world.sessions(clock.now(), "LIVE")[0].meeting_id)
    assert answer.headers["cf-ray"]
    assert answer.headers["ratelimit"]
    return answer


def session_with(start: Start, clock: SimulatedClock, fault: str) -> dict[str, Any]:
    """Return the session of an answer that the fault has changed."""
    session: dict[str, Any] = answer_with(start, clock, fault).json()["data"]
    return session


def test_every_fault_is_specified_here() -> None:
    """Every fault has a test of its answer."""
    assert set(FAULTS) == {*GATEWAY, *REALTIMEKIT, *EDGE, *ODD_BODY, *CONTENT, *CONNECTION}
    assert set(TRANSIENT) < set(FAULTS)


@pytest.mark.parametrize("fault", GATEWAY)
def test_the_gateways_errors(start: Start, clock: SimulatedClock, fault: str) -> None:
    """Cloudflare's gateway answers with a list of errors, its own code and a null result."""
    answer = answer_with(start, clock, fault)
    body = answer.json()
    assert (answer.status_code, body["errors"][0]["code"]) == GATEWAY[fault]
    assert (body["success"], body["messages"], body["result"]) == (False, [], None)
    assert ("error_chain" in body["errors"][0]) == (fault == "malformed_token")


@pytest.mark.parametrize(("fault", "wait"), [("rate_limited", "1"), ("rate_limited_bare", None), ("edge_1015", "5")])
def test_the_wait_that_a_429_asks_for(start: Start, clock: SimulatedClock, fault: str, wait: str | None) -> None:
    """A 429 asks for a second, for the five seconds of Cloudflare's edge, or for no wait at all."""
    answer = answer_with(start, clock, fault)
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, wait)


@pytest.mark.parametrize("fault", REALTIMEKIT)
def test_realtimekits_errors(start: Start, clock: SimulatedClock, fault: str) -> None:
    """RealtimeKit answers with one error; its failures can come with status 200."""
    answer = answer_with(start, clock, fault)
    body = answer.json()
    assert (answer.status_code, body["error"]["code"]) == REALTIMEKIT[fault]
    assert body["success"] is False
    assert not body["error"]["message"].startswith("No active session found")


@pytest.mark.parametrize("fault", EDGE)
def test_the_edges_errors_are_not_json(start: Start, clock: SimulatedClock, fault: str) -> None:
    """Cloudflare's edge answers with HTML or plain text."""
    answer = answer_with(start, clock, fault)
    assert answer.status_code == EDGE[fault]
    assert answer.headers["content-type"].startswith("text/")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("fault", sorted(ODD_BODY))
def test_odd_bodies_come_with_200(start: Start, clock: SimulatedClock, fault: str) -> None:
    """A 200 may hold a list, nothing, or more than 1 MiB."""
    answer = answer_with(start, clock, fault)
    assert answer.status_code == 200
    assert (fault == "too_large") == (len(answer.content) > 1024 * 1024)
    assert (fault == "empty_body") == (not answer.content)
    if fault == "not_object":
        assert answer.json() == []


def test_a_dropped_connection_answers_nothing(start: Start) -> None:
    """The socket is closed without a byte; the next connection is answered."""
    caller = start(faults=Faults(script=["dropped"]))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        caller.get("/sessions")
    assert caller.get("/sessions").status_code == 200


def test_a_cut_body_ends_in_its_middle(start: Start) -> None:
    """Status, length and half of the body arrive, then the socket is closed."""
    caller = start(faults=Faults(script=["cut_body"]))
    with caller.http.stream("GET", f"{caller.base_url}{caller.below('/sessions')}") as answer:
        assert answer.status_code == 200
        chunks = answer.iter_bytes()
        received = next(chunks)
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            received += b"".join(chunks)
    assert 0 < len(received) <= int(answer.headers["content-length"]) // 2
    assert caller.get("/sessions").status_code == 200


def test_a_slow_answer_is_right_but_late(start: Start, clock: SimulatedClock) -> None:
    """The right answer comes after `slow_seconds`; a caller with a shorter time-out gets none."""
    answer = answer_with(start, clock, "slow", slow_seconds=0.2)
    assert answer.elapsed >= timedelta(seconds=0.2)
    assert answer.json()["success"] is True
    impatient = start(faults=Faults(script=["slow"], slow_seconds=0.5))
    impatient.http.timeout = httpx.Timeout(0.1)
    with pytest.raises(httpx.ReadTimeout):
        impatient.get("/sessions")


def test_wrong_types(start: Start, clock: SimulatedClock) -> None:
    """Fields have values of another type."""
    session = session_with(start, clock, "wrong_types")
    assert isinstance(session["id"], dict)
    assert session["minutes_consumed"] == "many"


def test_missing_fields(start: Start, clock: SimulatedClock) -> None:
    """The session has neither its ID nor its minutes."""
    session = session_with(start, clock, "missing_fields")
    assert session.keys().isdisjoint({"id", "minutes_consumed"})
    assert session["status"] == "LIVE"


def test_faults_of_content_reach_every_shape(start: Start, clock: SimulatedClock) -> None:
    """Sessions change in a list and in the details of a session; an answer without sessions stays as it is."""
    caller = start(faults=Faults(script=[*["wrong_types"] * 2, "ok", "no_paging", *["missing_fields"] * 3]))
    listed = caller.data("/sessions")["sessions"]
    assert {one["minutes_consumed"] for one in listed} == {"many"}
    known = caller.world.sessions(clock.now())[0]
    assert caller.data(f"/sessions/{known.id}")["minutes_consumed"] == "many"
    assert "paging" in caller.get("/sessions").json()
    assert "paging" not in caller.get("/sessions").json()
    assert caller.active("unknown").json()["error"]["message"] == "Meeting not found: unknown"
    assert "session_stats" in caller.data("/analytics/daywise")
    assert "id" in caller.data("/meetings")[0]


def test_a_count_may_be_wrong(start: Start) -> None:
    """`total_count` is far too high, that of the page alone, or a word; the entries are the right ones."""
    names = ["ok", "count_too_high", "count_of_page", "count_not_a_number"]
    caller = start(World(seed=1, meetings=130), faults=Faults(script=names * 2))
    for path in ("/meetings", "/sessions"):
        right, high, page, odd = [caller.get(path, page_no=2, per_page=100).json() for _ in names]
        assert right["data"] == high["data"] == page["data"] == odd["data"]
        total = right["paging"]["total_count"]
        assert high["paging"] == right["paging"] | {"total_count": total * 10 + 1000}
        size = min(total, 200) - 100
        assert page["paging"] == {"total_count": size, "start_offset": 1, "end_offset": size}
        assert odd["paging"] == right["paging"] | {"total_count": "many"}


@pytest.mark.parametrize("fault", ["count_too_high", "count_of_page", "count_not_a_number"])
def test_an_answer_without_paging_has_no_wrong_count(start: Start, clock: SimulatedClock, fault: str) -> None:
    """A session, day totals and refusals stay as they are; a page beyond the last counts 0 entries of its own."""
    caller = start(faults=Faults(script=[fault] * 4))
    live = caller.world.sessions(clock.now(), "LIVE")[0].meeting_id
    assert caller.active(live).json() == {"success": True, "data": caller.world.active_session(live, clock.now())}
    assert caller.get("/analytics/daywise").json().keys() == {"success", "data"}
    assert caller.active("unknown").json().keys() == {"success", "error"}
    paging = caller.get("/sessions", page_no=1000).json()["paging"]
    assert (paging["start_offset"], paging["end_offset"]) == (0, 0)
    assert (paging["total_count"] == 0) == (fault == "count_of_page")


def test_an_entry_of_a_list_may_be_unreadable(start: Start, clock: SimulatedClock) -> None:
    """The first session of a list is null and the others are right; other answers do not change."""
    caller = start(faults=Faults(script=["ok", *["unreadable_entry"] * 4]))
    right = caller.data("/sessions")["sessions"]
    assert caller.data("/sessions")["sessions"] == [None, *right[1:]]
    assert caller.data("/sessions", page_no=1000)["sessions"] == []
    assert caller.data(f"/sessions/{right[0]['id']}")["id"] == right[0]["id"]
    live = caller.world.sessions(clock.now(), "LIVE")[0].meeting_id
    assert caller.active(live).json()["data"]["associated_id"] == live


def test_the_details_of_a_session_may_be_wrapped(start: Start, clock: SimulatedClock) -> None:
    """The data of a session's details hold `session`, as in older descriptions; other answers do not change."""
    caller = start(faults=Faults(script=["wrapped_session"] * 4))
    known = caller.world.sessions(clock.now())[0]
    wrapped = caller.data(f"/sessions/{known.id}")
    assert caller.data("/sessions").keys() == {"sessions"}
    assert caller.data("/analytics/daywise").keys() == {"session_stats", "recording_stats"}
    assert caller.get("/sessions/unknown").json()["error"]["message"] == "Session not found: unknown"
    assert wrapped == {"session": caller.data(f"/sessions/{known.id}")}


def test_a_script_goes_request_by_request_and_then_ends(start: Start) -> None:
    """Every request takes the next name; after the last name every answer is right."""
    caller = start(faults=Faults(script=["internal_error", "ok", "missing_scope"]))
    assert [caller.get("/sessions").status_code for _ in range(5)] == [500, 200, 403, 200, 200]


def test_a_meetings_script_is_its_own(start: Start) -> None:
    """A meeting's script holds for requests about it, and leaves the script of the others alone."""
    faults = Faults(
        script=["missing_scope"],
        by_meeting={"a": ["ok", "internal_error"], "b": itertools.repeat("bad_gateway_html")},
    )
    caller = start(faults=faults)
    asked = [caller.active(one).status_code for one in ("a", "b", "b", "a", "b", "c", "a", "c")]
    assert asked == [404, 502, 502, 500, 502, 403, 404, 404]


def test_a_pages_script_is_its_own(start: Start) -> None:
    """A page's script holds for the sessions list alone; a request without `page_no` is for page 1."""
    faults = Faults(
        script=["missing_scope"], by_page={1: ["ok", "internal_error"], 3: itertools.repeat("bad_gateway_html")}
    )
    caller = start(faults=faults)
    asked = [caller.get("/sessions", page_no=number).status_code for number in (1, 3, 3, 2, 2)]
    assert asked == [200, 502, 502, 403, 200]
    assert [caller.get("/sessions", status="LIVE").status_code for _ in range(2)] == [500, 200]
    assert [caller.get(path, page_no=3).status_code for path in ("/meetings", "/sessions/3")] == [200, 404]


def test_a_share_of_requests_meets_transient_faults(start: Start) -> None:
    """A share of requests meets transient faults, and no others; the seed decides which."""
    chosen = [Faults(0.2, seed=5).next_name() for _ in range(3)]
    assert chosen == [Faults(0.2, seed=5).next_name() for _ in range(3)]
    faults = Faults(0.2, seed=5)
    met = Counter(faults.next_name() for _ in range(5000))
    assert set(met) == {"ok", *TRANSIENT}
    assert met["ok"] / 5000 == pytest.approx(0.8, abs=0.03)
    assert start(faults=Faults(0.0)).get("/sessions").status_code == 200


def test_an_unknown_fault_is_refused() -> None:
    """A misspelt name is an error: at once in a list, else when it is used. So is a share above 1."""
    with pytest.raises(ValueError, match=r"'sloow' is not a fault\. The faults are: ok, rate_limited"):
        Faults(script=["ok", "sloow"])
    with pytest.raises(ValueError, match="not a fault"):
        Faults(script=iter(["sloow"])).next_name()
    with pytest.raises(ValueError, match="not a fault"):
        Faults(by_meeting={"a": ["sloow"]})
    with pytest.raises(ValueError, match="not a fault"):
        Faults(by_page={2: ["sloow"]})
    with pytest.raises(ValueError, match=r"share of faults of 1\.5"):
        Faults(1.5)
