from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    from etl.simulator.clock import SimulatedClock

    from .conftest import Caller, Start


def pages(caller: Caller, **params: str | int) -> list[dict[str, Any]]:
    """Read all pages of a sessions list, by its paging."""
    found: list[dict[str, Any]] = []
    while True:
        answer = caller.get("/sessions", page_no=len(found) // 100 + 1, per_page=100, **params).json()
        found += answer["data"]["sessions"]
        if answer["paging"]["end_offset"] in (0, answer["paging"]["total_count"]):
            return found


def test_the_account_has_one_app(start: Start) -> None:
    """The list of apps holds the app of the world."""
    caller = start()
    answer = caller.http.get(f"{caller.base_url}/accounts/{caller.world.account_id}/realtime/kit/apps")
    app = {"id": caller.world.app_id, "name": caller.world.app_name, "created_at": "2026-01-05T00:00:00.000Z"}
    paging = {"total_count": 1, "start_offset": 1, "end_offset": 1}
    assert answer.json() == {"success": True, "data": [app], "paging": paging}


def test_a_token_is_verified_at_the_address_of_its_owner(start: Start, clock: SimulatedClock) -> None:
    """Elsewhere it is not known. A user owns it, or the account."""
    end = clock.now() + timedelta(days=3)
    for owner, other in (("user", "account"), ("account", "user")):
        caller = start(owner=owner, token_expires_at=end)
        account = f"accounts/{caller.world.account_id}"
        paths = {"user": "user/tokens/verify", "account": f"{account}/tokens/verify"}
        answer = caller.http.get(f"{caller.base_url}/{paths[owner]}").json()
        assert (answer["success"], answer["errors"], answer["messages"][0]["code"]) == (True, [], 10000)
        assert answer["result"]["status"] == "active"
        assert datetime.fromisoformat(answer["result"]["expires_on"]) == end
        refused = caller.http.get(f"{caller.base_url}/{paths[other]}")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, 1000)
        wrong = caller.http.get(f"{caller.base_url}/{paths[owner]}", headers={"Authorization": "Bearer wrong"})
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (401, 1000)
        elsewhere = caller.http.get(f"{caller.base_url}/accounts/other/tokens/verify")
        assert elsewhere.status_code == 401
    unlimited = start()
    answer = unlimited.http.get(f"{unlimited.base_url}/user/tokens/verify").json()
    assert "expires_on" not in answer["result"]


def test_an_active_session_is_that_of_the_world(start: Start, clock: SimulatedClock) -> None:
    """An active session is a 200 with `{success, data}` and the figures of this instant."""
    caller = start(World(booking="steady"))
    live = caller.world.sessions(clock.now(), "LIVE")[0].meeting_id
    first = caller.active(live)
    assert first.json() == {"success": True, "data": caller.world.active_session(live, clock.now())}
    clock.advance(timedelta(seconds=6))
    grown = caller.active(live).json()["data"]["minutes_consumed"]
    assert grown > first.json()["data"]["minutes_consumed"]


def test_no_active_session_has_the_documented_message(start: Start, clock: SimulatedClock) -> None:
    """An idle meeting is a 404 in RealtimeKit's envelope with the message of the published example."""
    caller = start()
    ids = caller.world.meeting_ids
    idle = next(one for one in ids if caller.world.active_session(one, clock.now()) is None)
    answer = caller.active(idle)
    message = f"No active session found for meeting_id {idle}"
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "error": {"code": 404, "message": message}}


def test_an_unknown_meeting_is_another_404(start: Start) -> None:
    """An unknown meeting and a meeting without a session have different messages."""
    answer = start().active(str(uuid4()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, 404)
    assert not answer.json()["error"]["message"].startswith("No active session found")


def test_ids_in_paths_are_percent_decoded(start: Start, clock: SimulatedClock) -> None:
    """An escaped ID is the same ID, and an escaped slash is a part of it."""
    caller = start()
    live = caller.world.sessions(clock.now(), "LIVE")[0].meeting_id
    escaped = "".join(f"%{ord(character):02X}" for character in live)
    assert caller.active(escaped).json()["data"]["associated_id"] == live
    assert caller.active("a%2Fb%20c").json()["error"]["message"] == "Meeting not found: a/b c"
    assert caller.state.requests_by_meeting == {live: 1, "a/b c": 1}


@pytest.mark.parametrize(
    ("given", "status", "code", "chain"),
    [
        ("Bearer another-token", 401, 10000, []),
        ("Bearer", 400, 6003, [6111, 6103]),
        ("Bearer two words", 400, 6003, [6111, 6103]),
        ("Basic c2ltdWxhdGVk", 400, 6003, [6111, 6103]),
        ("", 400, 6003, [6111, 6103]),
    ],
)
def test_the_gateway_refuses_a_wrong_token(start: Start, given: str, status: int, code: int, chain: list[int]) -> None:
    """A malformed token is a 400 with a chain, a wrong token a 401, both in the gateway's envelope."""
    caller = start()
    caller.http.headers["Authorization"] = given
    answer = caller.get("/sessions")
    body = answer.json()
    [error] = body["errors"]
    assert (answer.status_code, body["success"], body["result"], body["messages"]) == (
        status,
        False,
        None,
        [],
    )
    assert (error["code"], [one["code"] for one in error.get("error_chain", [])]) == (code, chain)


def test_the_token_can_be_chosen(start: Start) -> None:
    """The simulator accepts the token it was made with."""
    assert start(token="other").get("/sessions").status_code == 200  # noqa: S106 - it opens nothing


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/other/realtime/kit/apps",
        "/accounts/other/realtime/kit/simulated-app/sessions",
        "/accounts/simulated-account/realtime/kit/other/sessions",
        "/accounts/simulated-account/realtime/kit/simulated-app/elsewhere",
        "/accounts/simulated-account/realtime",
        "/",
    ],
)
def test_a_wrong_account_or_app_has_no_route(start: Start, path: str) -> None:
    """A path without a route is a 404 of the gateway with code 7003."""
    caller = start()
    answer = caller.http.get(f"{caller.base_url}{path}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 7003)


def test_nothing_can_be_written(start: Start) -> None:
    """The simulated API is read-only."""
    caller = start()
    answer = caller.http.post(f"{caller.base_url}{caller.below('/sessions')}", json={})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 7003)


def test_meetings_are_listed_in_pages(start: Start) -> None:
    """Pages count from 1 and hold 20 entries by default, 100 at most; offsets count from 1."""
    caller = start(World(seed=1, meetings=130))
    by_default = caller.get("/meetings").json()
    largest = caller.get("/meetings", page_no=1, per_page=1000).json()
    second = caller.get("/meetings", page_no=2, per_page=100).json()
    beyond = caller.get("/meetings", page_no=3, per_page=100).json()
    assert len(by_default["data"]) == 20
    assert largest["paging"] == {"total_count": 130, "start_offset": 1, "end_offset": 100}
    assert second["paging"] == {"total_count": 130, "start_offset": 101, "end_offset": 130}
    assert [one["id"] for one in largest["data"] + second["data"]] == caller.world.meeting_ids
    assert (beyond["data"], beyond["paging"]["total_count"]) == ([], 130)
    assert caller.get("/meetings", page_no=0, per_page=20).json() == by_default
    assert caller.get("/meetings", page_no="", per_page="").json() == by_default


def test_meetings_are_found_by_id_title_and_creation(start: Start) -> None:
    """`search` compares ID and title without case; the times bound the creation, both included."""
    caller = start()
    one = caller.world.all_meetings[7]
    created = one.payload()["created_at"]
    assert caller.data("/meetings", search=one.id.upper()) == [one.payload()]
    assert one.payload() in caller.data("/meetings", search=one.title.upper(), per_page=100)
    assert caller.data("/meetings", start_time=created, end_time=created) == [one.payload()]


def test_meetings_are_filtered_by_status(start: Start) -> None:
    """ACTIVE and INACTIVE meetings make up the whole list."""
    caller = start(World(seed=1, meetings=90))
    statuses = {status: caller.data("/meetings", status=status, per_page=100) for status in ("ACTIVE", "INACTIVE")}
    assert all(one["status"] == status for status, listed in statuses.items() for one in listed)
    assert statuses["INACTIVE"]
    assert sum(map(len, statuses.values())) == 90


def test_a_live_list_holds_the_active_sessions(start: Start, clock: SimulatedClock) -> None:
    """One list of LIVE sessions has what one request per meeting has."""
    caller = start(World(seed=1, meetings=300))
    active = [caller.world.active_session(one, clock.now()) for one in caller.world.meeting_ids]
    listed = pages(caller, status="LIVE", sort_by="createdAt", sort_order="ASC")
    assert {one["id"]: one for one in listed} == {one["id"]: one for one in active if one}
    assert len(listed) > 60


def test_sessions_are_sorted(start: Start, clock: SimulatedClock) -> None:
    """The newest session comes first by default; minutes and creation sort in both directions."""
    caller = start()
    started = [one.id for one in caller.world.sessions(clock.now())]
    oldest = pages(caller, sort_by="createdAt", sort_order="ASC")
    assert [one["id"] for one in oldest] == started
    assert [one["id"] for one in pages(caller)] == started[::-1]
    minutes = [one["minutes_consumed"] for one in pages(caller, sort_by="minutesConsumed", sort_order="ASC")]
    assert minutes == sorted(one["minutes_consumed"] for one in oldest)
    longest = caller.data("/sessions", sort_by="minutesConsumed", sort_order="DESC")["sessions"][0]
    assert longest["minutes_consumed"] == minutes[-1]


def test_sessions_are_filtered(start: Start, clock: SimulatedClock) -> None:
    """Filters by meeting, status, start and search keep what they name and nothing else."""
    caller = start()
    sessions = caller.world.sessions(clock.now())
    one = sessions[100]
    of_meeting = [other.id for other in sessions if other.meeting_id == one.meeting_id]
    assert [s["id"] for s in pages(caller, associated_id=one.meeting_id)] == of_meeting[::-1]
    at = one.payload(one.started_ms)["started_at"]
    assert [s["id"] for s in pages(caller, start_time=at, end_time=at)] == [one.id]
    assert [s["id"] for s in pages(caller, search=one.id)] == [one.id]
    assert {s["associated_id"] for s in pages(caller, search=one.meeting_id.upper())} == {one.meeting_id}
    assert one.id in {s["id"] for s in pages(caller, search=one.title)}
    assert pages(caller, associated_id="nobody's") == []
    statuses = {status: pages(caller, status=status) for status in ("LIVE", "ENDED")}
    assert all(s["status"] == status for status, found in statuses.items() for s in found)
    assert sum(map(len, statuses.values())) == len(sessions)


def test_sessions_are_filtered_by_their_participants(start: Start, clock: SimulatedClock) -> None:
    """`participants` names the IDs of people, separated by commas: sessions that one of them has joined are listed."""
    caller = start()
    now, sessions = clock.now(), caller.world.sessions(clock.now())
    one = next(s for s in sessions if len(s.stays) > 3)
    other = next(s for s in sessions if s.meeting_id != one.meeting_id)
    person, stranger = max(one.participant_ids(now)), min(other.participant_ids(now))
    joined = {s.id for s in sessions if person in s.participant_ids(now)}
    assert one.id in joined
    assert {s["id"] for s in pages(caller, participants=person)} == joined
    both = {s["id"] for s in pages(caller, participants=f"{person},{stranger}")}
    assert both == joined | {s.id for s in sessions if stranger in s.participant_ids(now)}
    assert {s["associated_id"] for s in pages(caller, participants=person)} == {one.meeting_id}
    assert pages(caller, participants="nobody") == []
    assert len(one.participant_ids(one.started_at)) == 1


def test_a_time_without_a_zone_is_utc(start: Start) -> None:
    """`2026-01-06T00:00` is midnight UTC."""
    caller = start()
    assert pages(caller, start_time="2026-01-06T00:00") == pages(caller, start_time="2026-01-06T00:00Z")


def test_the_details_are_the_session_itself_with_its_rooms_on_request(start: Start, clock: SimulatedClock) -> None:
    """`data` is the session, as in the newest description; breakout rooms need a parameter."""
    caller = start(World(seed=1, meetings=200))
    session = next(one for one in caller.world.sessions(clock.now(), "ENDED") if one.breakout_rooms())
    whole = caller.data(f"/sessions/{session.id}", include_breakout_rooms="true")
    assert whole == caller.world.session(session.id, clock.now())
    without = caller.data(f"/sessions/{session.id}")
    assert without == {key: value for key, value in whole.items() if key != "breakout_rooms"}


def test_an_unknown_session_is_a_404(start: Start, clock: SimulatedClock) -> None:
    """A session is unknown until it starts."""
    caller = start()
    later = caller.world.sessions(clock.now() + timedelta(hours=5))[-1]
    assert caller.get(f"/sessions/{later.id}").json()["error"]["code"] == 404
    clock.set(later.started_at)
    assert caller.data(f"/sessions/{later.id}")["status"] == "LIVE"


def test_day_totals_agree_with_the_sessions(start: Start, clock: SimulatedClock) -> None:
    """By default the last 30 days and today are totalled; the totals are those of the sessions."""
    caller = start(World(booking="steady"))
    stats = caller.data("/analytics/daywise")["session_stats"]
    days, sessions = stats["day_stats"], pages(caller)
    named = [day["day"] for day in days]
    assert named == [f"2026-01-0{number}T00:00:00.000Z" for number in (4, 5, 6, 7)]  # days of zero are left out
    assert stats["sessions_count"] == sum(day["total_sessions"] for day in days) == len(sessions)
    minutes = sum(one["minutes_consumed"] for one in sessions)
    assert stats["sessions_minutes_consumed"] == pytest.approx(minutes, abs=1e-4)
    assert sum(day["total_session_minutes"] for day in days) == pytest.approx(minutes, abs=1e-4)
    [monday] = caller.data("/analytics/daywise", start_date="2026-01-05", end_date="2026-01-05")["session_stats"][
        "day_stats"
    ]
    assert monday in days
    clock.advance(timedelta(hours=1))
    assert caller.data("/analytics/daywise")["session_stats"]["sessions_count"] > len(sessions)


def test_recordings_are_totalled_by_the_day_their_session_started(start: Start, clock: SimulatedClock) -> None:
    """One session in four is recorded; its whole minutes count on the day of its start, up to now."""
    caller = start()
    now = clock.now()
    recorded = [s for s in caller.world.sessions(now) if s.recording_minutes(now) is not None]
    stats = caller.data("/analytics/daywise")["recording_stats"]
    minutes = sum(session.recording_minutes(now) or 0 for session in recorded)
    assert (stats["recording_count"], stats["recording_minutes_consumed"]) == (len(recorded), minutes)
    assert 0.2 < len(recorded) / len(caller.world.sessions(now)) < 0.3
    for day in stats["day_stats"]:
        of_day = [s for s in recorded if day["day"] == f"{s.started_at.date()}T00:00:00.000Z"]
        assert day["total_recordings"] == len(of_day)
        assert day["total_recording_minutes"] == sum(s.recording_minutes(now) or 0 for s in of_day)
    assert sum(day["total_recordings"] for day in stats["day_stats"]) == len(recorded)
    ended = next(s for s in recorded if s.ended_at < now)
    assert ended.recording_minutes(now) == (ended.ended_at - ended.started_at) // timedelta(minutes=1) - 1
    live = next(s for s in recorded if s.live_participants(now))
    assert live.recording_minutes(now) == (now - live.started_at) // timedelta(minutes=1)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/sessions", {"status": "live"}),
        ("/meetings", {"status": "LIVE"}),
        ("/sessions", {"sort_by": "title"}),
        ("/sessions", {"sort_order": "UP"}),
        ("/sessions", {"page_no": "-1"}),
        ("/sessions", {"per_page": "many"}),
        ("/sessions", {"start_time": "yesterday"}),
        ("/meetings", {"end_time": "tomorrow"}),
        ("/analytics/daywise", {"start_date": "5.1.2026"}),
        ("/analytics/daywise", {"start_date": "2026-01-06", "end_date": "2026-01-05"}),
        ("/analytics/daywise", {"start_date": "1900-01-01"}),
    ],
)
def test_a_query_that_is_not_valid_is_a_400(start: Start, path: str, params: dict[str, str]) -> None:
    """The refusal is RealtimeKit's, and names the parameter."""
    answer = start().get(path, **params)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400)
    assert next(iter(params)) in answer.json()["error"]["message"]


def test_every_answer_has_a_ray_and_its_requests_are_counted(start: Start) -> None:
    """`cf-ray` differs from answer to answer; the app's state counts requests by meeting and by path."""
    caller = start()
    known = caller.world.meeting_ids[0]
    answers = [caller.active(known), caller.active(known), caller.get("/sessions"), caller.get("/nowhere")]
    assert len({answer.headers["cf-ray"] for answer in answers}) == 4
    assert caller.state.requests == 4
    assert caller.state.requests_by_meeting == {known: 2}
    assert caller.state.requests_by_path == {
        f"simulated-app/meetings/{known}/active-session": 2,
        "simulated-app/sessions": 1,
        "simulated-app/nowhere": 1,
    }


def test_latency_delays_every_answer(start: Start) -> None:
    """An answer comes no sooner than the latency."""
    answer = start(latency=0.1).get("/sessions")
    assert answer.elapsed >= timedelta(seconds=0.1)


def test_instants_are_written_with_milliseconds_and_z(start: Start, clock: SimulatedClock) -> None:
    """Instants are ISO 8601 with exactly three decimals and Z."""
    session = pages(start(), status="ENDED")[0]
    for field in ("created_at", "started_at", "updated_at", "ended_at"):
        text = session[field]
        assert len(text) == len("2026-01-05T00:00:00.000Z")
        assert DEFAULT_EPOCH - timedelta(hours=4) < datetime.fromisoformat(text) <= clock.now()
