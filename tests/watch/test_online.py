"""`check --online`: what the API says of the token, the apps, the meetings and the list of live sessions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import ConfigError, FailureKind, GiveUp
from etl.realtimekit.http.responses import TokenCheck
from etl.realtimekit.inspection import Comparison, Inspection, choose_sample, inspect_account
from etl.realtimekit.meetings import ListedMeeting
from etl.settings import Limits, Rate
from etl.values.fetch import Spending
from etl.values.meetings import Meeting, MeetingList
from etl.watch.findings import Severity
from etl.watch.online import Expected, ask_online, expect, find_online
from tests.conftest import START

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from etl.watch.findings import Finding
    from tests.conftest import Api

DAY = timedelta(days=1)
FINE, WARNING, CRITICAL = Severity.FINE, Severity.WARNING, Severity.CRITICAL
SUBJECTS = ["token", "permission", "app", "meetings", "live list"]


def ask(api: Api, *, listed: Sequence[str] | None = None, app_id: str | None = None, **changes: Any) -> list[Finding]:
    """Ask about the app of a world and the meetings of a list: all, unless others are named."""
    app_id = app_id or api.world.app_id
    meetings = [Meeting(app_id, meeting_id) for meeting_id in (api.world.meeting_ids if listed is None else listed)]
    spent, sample = changes.pop("spent", ()), changes.pop("sample", 20)
    expected = Expected(app_ids=[app_id], meetings=meetings)
    return ask_online(api.settings(**changes), api.context(), expected, sample=sample, spent=spent, tz="UTC")


def judged(findings: Sequence[Finding]) -> dict[str, Severity]:
    """Return the severity of every subject."""
    return {finding.subject: finding.severity for finding in findings}


def message(findings: Sequence[Finding], subject: str) -> str:
    """Return the message about a subject."""
    (text,) = [finding.message for finding in findings if finding.subject == subject]
    return text


def test_an_account_that_is_well(api: Api) -> None:
    """Every step is fine. It costs a request per page of a list, and one per meeting of the sample."""
    findings = ask(api)
    assert judged(findings) == dict.fromkeys(SUBJECTS, FINE)
    assert message(findings, "meetings") == "app simulated-app has 40 meetings, and all 40 of the list are among them"
    assert message(findings, "live list") == (
        "for 20 of 20 meetings, the list of live sessions agrees with the meeting itself (10 live)"
    )
    assert len(api.app.state.requests_by_meeting) == 20
    assert api.app.state.requests <= 30
    assert findings[-1].details["requests"] == api.app.state.requests


def test_without_a_list_the_meetings_of_the_app_are_the_sample(api: Api) -> None:
    """A sample of nothing asks for no meeting."""
    assert message(ask(api, listed=[], sample=4), "meetings") == "app simulated-app has 40 meetings"
    assert len(api.app.state.requests_by_meeting) == 4
    assert message(ask(api, sample=0), "live list") == "no meeting was compared"
    assert len(api.app.state.requests_by_meeting) == 4


def test_a_mistyped_meeting_is_named_with_the_nearest_title(api: Api) -> None:
    """An ID that is like no other has no nearest."""
    right = api.world.meeting_ids[0]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    findings = ask(api, listed=[wrong, *api.world.meeting_ids[1:], "zzz"])
    title = api.world.all_meetings[0].title
    assert message(findings, "meetings") == (
        f"2 of 41 are not in app simulated-app: {wrong} (nearest: {right}, {title}), zzz"
    )
    assert judged(findings) == dict.fromkeys(SUBJECTS, FINE) | {"meetings": WARNING}


def test_an_app_that_the_account_does_not_have_is_critical(api: Api) -> None:
    """The nearest one is named. Its meetings are not asked for."""
    findings = ask(api, app_id="simulated-ap")
    assert judged(findings) == {"token": FINE, "permission": FINE, "app": CRITICAL}
    assert message(findings, "app") == (
        "simulated-ap is not in the account; the nearest is simulated-app, Simulated app"
    )
    assert message(ask(api, app_id="zzz"), "app") == "zzz is not in the account; the account has 1 app"


def test_a_refused_token_ends_the_inspection(api: Api) -> None:
    """Two requests are sent: a token belongs to a user or to the account."""
    findings = ask(api, token="wrong")  # noqa: S106  # it opens nothing
    assert judged(findings) == {"token": CRITICAL}
    assert message(findings, "token") == "Cloudflare refuses the API token (HTTP 401: Invalid API Token)"
    assert api.app.state.requests == 2


@pytest.mark.parametrize(
    ("left", "severity", "end"),
    [
        (15 * DAY, FINE, "2026-11-17 12:00 (UTC), in 15 days"),
        (13 * DAY, WARNING, "2026-11-15 12:00 (UTC), in 13 days"),
        (2 * DAY, CRITICAL, "2026-11-04 12:00 (UTC), in 2 days"),
    ],
)
def test_a_token_that_ends_soon(serve_api: Callable[..., Api], left: timedelta, severity: Severity, end: str) -> None:
    """Less than 14 days are a warning, less than 3 are critical. The account may own the token."""
    (finding, *_) = ask(serve_api(owner="account", token_expires_at=START + left, meetings=1), sample=0)
    assert (finding.severity, finding.message) == (severity, f"it is accepted, and ends at {end}")


@pytest.mark.parametrize(
    ("fault", "severity", "sentence"),
    [
        ("missing_scope", CRITICAL, "the token may not read the apps of the account (HTTP 403"),
        ("no_route", CRITICAL, "HTTP 404, no such address"),
        ("success_false", WARNING, "not checked: HTTP 200, not a success with data"),
    ],
)
def test_an_account_that_does_not_list_its_apps(
    serve_api: Callable[..., Api], fault: str, severity: Severity, sentence: str
) -> None:
    """A missing permission and a wrong account are critical. Another fault proves nothing."""
    findings = ask(serve_api(script=["ok", *repeat(fault, 4)], meetings=1))
    assert judged(findings) == {"token": FINE, "permission": severity}
    assert message(findings, "permission").startswith(sentence)


def test_what_does_not_fit_into_the_limit_is_not_asked(api: Api) -> None:
    """Requests of earlier runs count. The inspection does not wait for the next window."""
    few = Limits(stated=Rate(requests=30, seconds=300.0), reserve=0.0)
    spent = [Spending(finished_at=START, requests=29)]
    findings = ask(api, limits=few, spent=spent)
    assert judged(findings) == {"token": WARNING, "permission": WARNING}
    assert message(findings, "token") == (
        "not checked: 2 requests do not fit into the 1 that the limit leaves in this window"
    )
    assert api.app.state.requests == 0
    findings = ask(api, limits=replace(few, stated=Rate(requests=20, seconds=300.0)), page_size=2)
    assert message(findings, "meetings") == (
        "not checked: 21 requests do not fit into the 16 that the limit leaves in this window"
    )
    findings = ask(api, limits=few, page_size=2)
    assert judged(findings) == dict.fromkeys(SUBJECTS, FINE) | {"live list": WARNING}
    assert "the limit leaves no request in this window" in message(findings, "live list")
    assert api.clock.now() - START < timedelta(seconds=5)


def test_a_list_that_lags_is_a_warning() -> None:
    """One of ten meetings may have changed meanwhile. More differences say that the list is old."""
    same = [Comparison(meeting=Meeting("app", str(number)), listed=None, asked=None) for number in range(18)]
    gone = Comparison(meeting=Meeting("app", "a"), listed="s", asked=None)
    new = Comparison(meeting=Meeting("app", "b"), listed=None, asked="s")
    other = Comparison(meeting=Meeting("app", "c"), listed="s", asked="t")
    (fine,) = freshness([*same, gone, new])
    (warning,) = freshness([*same, gone, new, other], failed=1)
    assert (fine.severity, warning.severity) == (FINE, WARNING)
    assert warning.message == (
        "for 18 of 21 meetings, the list of live sessions agrees with the meeting itself (2 live); different: "
        "a is live in the list only, b is idle in the list only, c has another session; 1 gave no answer"
    )


def freshness(comparisons: list[Comparison], failed: int = 0) -> list[Finding]:
    """Return the findings about the list of live sessions."""
    inspection = Inspection(
        token=TokenCheck(status="active"),
        apps={"app": "Mine"},
        meetings={"app": [ListedMeeting(meeting_id="a", title="", is_active=True)]},
        comparisons=comparisons,
        failed=failed,
    )
    expected = Expected(app_ids=["app"], meetings=[])
    return [one for one in find_online(inspection, expected, now=START, tz="UTC") if one.subject == "live list"]


def test_a_token_that_is_switched_off_is_critical_and_an_unreached_step_a_warning() -> None:
    """So is an inspection that ended before its first answer."""
    expected = Expected(app_ids=["app"], meetings=[])
    unread = GiveUp(FailureKind.TIMEOUT, "late")
    ended = Inspection(token=TokenCheck(status="disabled"), apps={"app": ""}, meetings={"app": unread})
    findings = list(find_online(ended, expected, now=START, tz="UTC"))
    assert message(findings, "token") == "the token is disabled"
    assert judged(findings) == {
        "token": CRITICAL,
        "permission": FINE,
        "app": FINE,
        "meetings": WARNING,
        "live list": WARNING,
    }
    assert judged(list(find_online(Inspection(), expected, now=START, tz="UTC"))) == {"token": WARNING}


def test_the_time_limit_ends_an_inspection_with_what_there_is(serve_api: Callable[..., Api]) -> None:
    """The connection is closed, although its answer has not arrived."""
    api = serve_api(meetings=1, latency=0.5)
    limit = timedelta(seconds=0.75)
    inspecting = inspect_account(api.settings(), api.context(), app_ids=[], meetings=[], sample=1, time_limit=limit)
    inspection = asyncio.run(inspecting)
    assert inspection.token in {None, TokenCheck(status="active")}  # a busy machine is slow
    assert (inspection.apps, inspection.comparisons) == (None, None)


def test_the_sample_has_live_and_idle_meetings_from_all_over_the_list() -> None:
    """Half of them are live if there are so many of each."""
    meetings = [Meeting("app", str(number)) for number in range(10)]
    assert [one.meeting_id for one in choose_sample(meetings, meetings[:4], 4)] == ["0", "2", "4", "7"]
    assert [one.meeting_id for one in choose_sample(meetings, meetings[:1], 4)] == ["0", "1", "4", "7"]
    assert [one.meeting_id for one in choose_sample(meetings, meetings[:9], 4)] == ["0", "3", "6", "9"]
    assert choose_sample(meetings, meetings, 20) == meetings


def test_the_apps_of_the_list_are_expected_as_well() -> None:
    """A list that can't be read names none."""
    listed = MeetingList(meetings=[Meeting("a", "1"), Meeting("b", "2"), Meeting("a", "3")])
    assert list(expect("b", listed).app_ids) == ["b", "a"]
    assert expect(None, ConfigError("no list")).app_ids == []


def test_an_api_that_cannot_be_reached_at_all_is_a_warning(api: Api) -> None:
    """Nothing is known then. A base URL that is not usable is critical."""
    findings = ask(api, base_url="http://127.0.0.1:9/client/v4", attempts=1)
    assert judged(findings) == {"token": WARNING, "permission": WARNING}
    assert "no answer from http://127.0.0.1:9" in message(findings, "token")
