from __future__ import annotations

from datetime import datetime
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from etl.simulator.faults import Faults
from etl.simulator.world import World

if TYPE_CHECKING:
    from etl.simulator.clock import SimulatedClock

    from .conftest import Caller, Start

SPEC = Path(__file__).parents[3] / "shared" / "spec" / "realtimekit.openapi.yaml"
KIT = "/accounts/{account_id}/realtime/kit"

pytestmark = pytest.mark.skipif(
    not SPEC.exists(), reason="Cloudflare's description of the API is not part of this repository"
)

# Described as required, yet missing in a published answer.
NOT_REALLY_REQUIRED = {"meeting_display_name", "organization_id"}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    """Read the published description, and correct the fields that published answers lack."""
    described: dict[str, Any] = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    session = described["components"]["schemas"]["realtimekitActiveSession"]
    session["required"] = [one for one in session["required"] if one not in NOT_REALLY_REQUIRED]
    return described


def problems(spec: dict[str, Any], path: str, status: int, body: object) -> list[str]:
    """List the differences between an answer and the description of its endpoint."""
    described = spec["paths"][f"{KIT}{path}"]["get"]["responses"][str(status)]
    schema = described["content"]["application/json"]["schema"]
    validator = Draft202012Validator(schema | {"components": spec["components"]}, format_checker=formats)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


# Not `uuid`: V1 meetings are known by room names.
formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_instant(value: object) -> bool:
    """Return True for an ISO 8601 instant with a zone."""
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


def all_sessions(caller: Caller) -> list[dict[str, Any]]:
    """Read all pages of the sessions list."""
    found: list[dict[str, Any]] = []
    while page := caller.data("/sessions", page_no=len(found) // 100 + 1, per_page=100)["sessions"]:
        found += page
    return found


def test_the_check_notices_errors(spec: dict[str, Any]) -> None:
    """An empty session, another envelope, a list for an object and a wrong date do not pass."""
    path = "/{app_id}/meetings/{meeting_id}/active-session"
    assert problems(spec, path, 200, {"success": True, "data": {}})
    assert problems(spec, path, 404, {"success": False, "errors": []})
    assert problems(spec, "/{app_id}/analytics/daywise", 200, {"data": {"session_stats": []}})
    paging = {"total_count": 1, "start_offset": 1, "end_offset": 1}
    meeting = {"id": "a", "created_at": "2026-01-05T00:00:00Z", "updated_at": "yesterday"}
    assert problems(spec, "/{app_id}/meetings", 200, {"success": True, "data": [meeting], "paging": paging})


def test_apps_conform(spec: dict[str, Any], start: Start) -> None:
    """The list of apps is as described."""
    caller = start()
    body = caller.http.get(f"{caller.base_url}{KIT.format(account_id=caller.world.account_id)}/apps").json()
    assert problems(spec, "/apps", 200, body) == []


@pytest.mark.parametrize("path", ["/meetings", "/sessions", "/analytics/daywise"])
def test_lists_and_totals_conform(spec: dict[str, Any], start: Start, path: str) -> None:
    """Meetings, sessions and day totals are as described, on a full page and on a page beyond the last."""
    caller = start(World(seed=1, meetings=120))
    for page in (1, 1000):
        body = caller.get(path, page_no=page, per_page=100).json()
        assert problems(spec, f"/{{app_id}}{path}", 200, body) == []


def test_active_sessions_conform(spec: dict[str, Any], start: Start) -> None:
    """The answer for every meeting is as described, with and without a session."""
    caller = start(World(seed=1, meetings=120))
    path, statuses = "/{app_id}/meetings/{meeting_id}/active-session", set()
    for meeting_id in [*caller.world.meeting_ids, "unknown"]:
        answer = caller.active(meeting_id)
        statuses.add(answer.status_code)
        assert problems(spec, path, answer.status_code, answer.json()) == []
    assert statuses == {200, 404}


@pytest.mark.parametrize("fault", ["ok", "wrapped_session"])
def test_single_sessions_conform(spec: dict[str, Any], start: Start, clock: SimulatedClock, fault: str) -> None:
    """Sessions live and ended, with and without breakout rooms, are as described: alone, or in the older wrapping."""
    caller = start(World(seed=1, meetings=60), faults=Faults(script=repeat(fault)))
    several = caller.world.sessions(clock.now())[::15] + caller.world.sessions(clock.now(), "LIVE")
    several += [one for one in caller.world.sessions(clock.now()) if one.breakout_rooms()][:5]
    for session in several:
        body = caller.get(f"/sessions/{session.id}", include_breakout_rooms="true").json()
        # The description at hand has the older wrapping.
        wrapped = body | {"data": {"session": body["data"]}} if fault == "ok" else body
        assert problems(spec, "/{app_id}/sessions/{session_id}", 200, wrapped) == []
        assert wrapped["data"]["session"]["id"] == session.id


def test_sessions_have_no_field_that_is_not_described(spec: dict[str, Any], start: Start) -> None:
    """The fields of all sessions are exactly the described fields."""
    described = spec["components"]["schemas"]["realtimekitActiveSession"]["properties"]
    assert {field for session in all_sessions(start()) for field in session} == set(described)


def test_realtimekits_errors_conform(spec: dict[str, Any], start: Start) -> None:
    """RealtimeKit's errors have the generic envelope of the description."""
    caller = start(faults=Faults(script=["internal_error"]))
    body = caller.get("/meetings").json()
    assert problems(spec, "/{app_id}/meetings/{meeting_id}", 500, body) == []
