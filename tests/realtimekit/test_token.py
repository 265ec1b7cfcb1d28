"""The token is in no message, and what is parsed and stored does not depend on it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.errors import RequestError
from etl.normalize.finals import normalize_finals
from etl.normalize.snapshots import normalize_snapshots
from etl.realtimekit.ended.fetch import fetch_finals
from etl.realtimekit.http.responses import RawResponse, parse_active_session
from etl.realtimekit.live.fetch import fetch_sessions
from etl.realtimekit.meetings import fetch_meetings
from etl.settings import ApiSettings
from etl.values.finals import FinalsRequest
from etl.values.meetings import Meeting, MeetingList
from etl.values.run import RunContext, RunStart
from tests.conftest import FREE, START
from tests.realtimekit.bodies import room, success
from tests.realtimekit.plans import plan
from tests.realtimekit.servers import answering
from tests.samples import payload

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = RunStart(run_id="run", slot=START, started_at=START, account_id="account", tool_version="0", host="here")
MEETINGS = [Meeting("app", meeting_id) for meeting_id in ("live-1", "idle-2", "bad-3")]
SESSIONS = {
    "live-1": payload("session-1", associated_id="live-1", meeting_display_name="La live", started="true/null"),
    "bad-3": payload("session-3", associated_id="bad-3", minutes_consumed="lots"),
}
DAYS = {"session_stats": {"day_stats": [{"day": "2026-11-02", "total_sessions": 1, "total_session_minutes": 40.25}]}}


def api(path: str) -> bytes:
    """Answer every request of a snapshot, a reconciliation and a meeting list."""
    place = urlsplit(path).path
    if place.endswith("/daywise"):
        return success(DAYS)
    if place.endswith("/sessions"):
        status = {"status": "ENDED"} if "status=ENDED" in path else {}
        entries = [session | status for session in SESSIONS.values()] if "page_no=1&" in path else []
        return success({"sessions": entries}, paging={"total_count": len(SESSIONS)})
    if place.endswith("/app/meetings"):
        entries = [{"id": one.meeting_id, "title": "La live"} for one in MEETINGS] if "page_no=1&" in path else []
        return success(entries, paging={"total_count": len(MEETINGS)})
    return success(SESSIONS.get(place.split("/")[-2], {}))


def everything(base_url: str, token: str) -> list[Any]:
    """Run every kind of fetch with a token, and return all rows but the messages of failures."""
    api_settings = ApiSettings(token=token, account_id="account", base_url=base_url, limits=FREE, attempts=1)
    context = RunContext(now=lambda: START, sleep=asyncio.sleep)
    listed = MeetingList(meetings=MEETINGS)
    results: list[Any] = [
        [replace(one) for one in asyncio.run(fetch_meetings("app", api_settings, context))],
    ]
    batches = [
        normalize_snapshots(RUN, listed, asyncio.run(fetch_sessions(listed, plan(via), api_settings, context)), START)
        for via in ("meetings", "list")
    ]
    finals = asyncio.run(fetch_finals(FinalsRequest(apps=["app"], since=START), api_settings, context))
    batches.append(normalize_finals(RUN, finals, START))
    for batch in batches:
        frames = batch.frames | {"fetch_failures": batch.frames["fetch_failures"].drop("message")}
        results.append({table: frame.rows() for table, frame in frames.items()})
    return results


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A server that answers without a look at the token."""
    with answering(api) as server:
        yield server.base_url


@pytest.fixture(scope="module")
def rows(base_url: str) -> list[Any]:
    """The rows with a token that no answer holds."""
    return everything(base_url, "x" * 40)


PARTS = ["live", "a", "e", "1", "true", "null", "data", "id", "session", "success", "sessions", "40.25", "La", "app"]


@settings(max_examples=15, deadline=None)
@given(token=st.sampled_from(PARTS) | st.text("abcdeilnorstuv0123456789._~+/=-", min_size=1, max_size=3))
@example(token="live")  # noqa: S106  # of no API
@example(token="true")  # noqa: S106  # of no API
def test_rows_are_the_same_whatever_the_token_is(base_url: str, rows: list[Any], token: str) -> None:
    """A name, a key or a number of an answer may hold the token by chance."""
    assert everything(base_url, token) == rows


TOKENS = st.text("abcXYZ0189._~+/=-", min_size=12, max_size=40)


def spellings(token: str) -> list[str]:
    """The token as plain text, JSON, a URL and HTML write it."""
    return [
        token,
        token.replace("/", r"\/"),
        "".join(f"\\u{ord(character):04X}" for character in token),
        quote(token, safe=""),
        token.replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&#61;"),
    ]


@settings(deadline=None)
@given(token=TOKENS, before=st.integers(0, 260), status=st.sampled_from([200, 400, 401, 403, 404, 429, 500]))
def test_a_message_holds_no_part_of_the_token(token: str, before: int, status: int) -> None:
    """Whatever repeats it: plain text, HTML, JSON of either envelope, a ray; and wherever the message is cut."""
    mask = ApiSettings(token=token, account_id="a").mask
    for spelling in spellings(token):
        written = "#" * before + spelling
        bodies = [
            written.encode(),
            f'{{"success": false, "error": {{"code": 1, "message": "{written}"}}}}'.encode(),
            f'{{"success": false, "errors": [{{"code": 1, "message": "{written}"}}]}}'.encode(),
            f'{{"success": true, "data": ["{written}"'.encode(),
            (f"Bearer {spelling} " * 300).encode(),
        ]
        for body in bodies:
            with pytest.raises(RequestError) as caught:
                parse_active_session(RawResponse(status=status, headers={"cf-ray": spelling}, body=body, mask=mask))
            assert token[:4] not in caught.value.message
            assert spelling[:8] not in caught.value.message
            assert caught.value.cf_ray is None


def test_a_ray_that_is_the_token_is_left_out() -> None:
    """A token may be a number in hexadecimal."""
    token = "0123456789abcdef"  # noqa: S105  # of no API
    mask = ApiSettings(token=token, account_id="a").mask
    for ray, kept in ((token, None), ("8f2a-FRA", "8f2a-FRA")):
        with pytest.raises(RequestError) as caught:
            parse_active_session(RawResponse(status=403, headers={"cf-ray": ray}, body=room(403), mask=mask))
        assert caught.value.cf_ray == kept


def test_a_name_that_holds_the_token_is_stored_as_it_is(base_url: str) -> None:
    """The list of meetings has the title that the API gave."""
    titles = json.dumps(everything(base_url, "live")[0], default=lambda one: one.title)
    assert titles == json.dumps(["La live"] * 3)
