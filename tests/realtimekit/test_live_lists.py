"""One list instead of a request a meeting: who is on it is live, and who is not is idle if it was read to the end."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from etl.errors import ApiUnavailable, ConfigError, FailureKind, TokenRejected
from etl.models import ALL_MEETINGS, Meeting, MeetingList, Seams
from etl.realtimekit.fetch import fetch_sessions
from etl.settings import ApiSettings, Limits, Rate
from tests.conftest import FREE, START
from tests.realtimekit.servers import answering
from tests.samples import payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from etl.errors import EtlError
    from etl.models import Fetched, Tally
    from etl.settings import Via
    from etl.simulator.world import World
    from tests.conftest import Api

    ServeApi = Callable[..., Api]

FOR_EVER = itertools.repeat


def listed(worlds: Iterable[World]) -> MeetingList:
    """All meetings of some worlds, in turn."""
    return MeetingList(meetings=[Meeting(world.app_id, one) for world in worlds for one in world.meeting_ids])


def fetch(  # noqa: PLR0913  # what a test may ask for, each by its name
    api: Api,
    asked: MeetingList | None = None,
    *,
    wanted: Via = "auto",
    seams: Seams | None = None,
    deadline: float | None = None,
    **changes: Any,
) -> Fetched:
    """Read the list of the live sessions; all meetings of the API are asked about, unless told."""
    return asyncio.run(
        fetch_sessions(
            asked or listed(api.worlds),
            api.settings(**({"attempts": 2} | changes)),
            seams or api.seams(),
            via="list",
            wanted=wanted,
            deadline=deadline,
        )
    )


def room_for(requests: int) -> Limits:
    """A limit of so many requests in a window, all of them ours."""
    return Limits(stated=Rate(requests=requests, seconds=300.0), reserve=0.0)


def live(world: World) -> set[str]:
    """The truth: the meetings of a world that are in session at START."""
    return {one for one in world.meeting_ids if world.active_session(one, START)}


def seen(fetched: Fetched) -> set[str]:
    """The meetings that the fetch found live."""
    return {observation.meeting.meeting_id for observation in fetched.observations}


def failed(fetched: Fetched) -> set[str]:
    """The meetings whose outcome the fetch could not learn."""
    return {failure.meeting_id for failure in fetched.failures}


def require_an_outcome_each(fetched: Fetched, meetings: int) -> None:
    """Live, idle or failed: each counted where it stands, and nobody twice."""
    tally = fetched.tally
    assert (tally.live, tally.failed) == (len(seen(fetched)), len(failed(fetched)))
    assert (tally.live, tally.failed) == (len(fetched.observations), len(fetched.failures))
    assert tally.done == tally.meetings == meetings
    assert not seen(fetched) & failed(fetched)


# A list that is read to the end


@pytest.mark.parametrize(
    ("page_size", "most_per_page", "faults", "requests"),
    [
        (100, 100, [], 1),
        (5, 100, [], 5),
        (100, 7, [], 4),
        (17, 100, [], 2),
        (5, 100, FOR_EVER("no_paging"), 7),
        (100, 7, FOR_EVER("count_odd"), 5),
    ],
)
def test_who_is_on_the_list_is_live_and_the_others_are_idle(
    serve_api: ServeApi, page_size: int, most_per_page: int, faults: Iterable[str], requests: int
) -> None:
    """With pages of any size, asked for or capped, counted or not: nobody is asked for one by one."""
    api = serve_api(most_per_page=most_per_page, script=faults)
    assert len(api.live()) == 17
    fetched = fetch(api, page_size=page_size)
    require_an_outcome_each(fetched, 40)
    assert seen(fetched) == live(api.world)
    assert (fetched.failures, fetched.errors, fetched.via) == ([], [], "list")
    assert api.app.state.requests == fetched.tally.requests == requests
    assert not api.app.state.requests_by_meeting


def test_a_session_is_what_the_list_says_of_it_and_when(serve_api: ServeApi) -> None:
    """The payload whole, the instant of its page, and how many requests that took."""
    api = serve_api(script=["internal_error"])
    fetched = fetch(api)
    assert {one.meeting.meeting_id: one.payload for one in fetched.observations} == api.live()
    assert {(one.observed_at, one.attempts) for one in fetched.observations} == {(api.clock.now(), 2)}


def test_live_sessions_of_meetings_that_were_not_asked_about_are_counted(api: Api) -> None:
    """Each is a meeting of which the user may not know."""
    some = MeetingList(meetings=[Meeting(api.world.app_id, one) for one in api.world.meeting_ids[:10]])
    fetched = fetch(api, some)
    require_an_outcome_each(fetched, 10)
    assert seen(fetched) == live(api.world) & set(api.world.meeting_ids[:10])
    others = live(api.world) - set(api.world.meeting_ids[:10])
    assert sorted(fetched.unlisted) == sorted(Meeting(api.world.app_id, one) for one in others)


def test_each_app_has_a_list_of_its_own(serve_api: ServeApi) -> None:
    """Three apps, three lists, one budget; a meeting is looked for on its own app's list only."""
    api = serve_api(apps=3, meetings=20)
    fetched = fetch(api)
    require_an_outcome_each(fetched, 60)
    assert seen(fetched) == set.union(*(live(world) for world in api.worlds))
    assert api.app.state.requests_by_path == {f"{world.app_id}/sessions": 1 for world in api.worlds}
    astray = [Meeting(api.worlds[0].app_id, one) for one in api.worlds[1].meeting_ids]
    assert fetch(api, MeetingList(meetings=astray)).tally.idle == 20


def test_nothing_to_ask_about_is_nothing_asked(api: Api) -> None:
    """No app, no list, and nothing wrong with it."""
    fetched = fetch(api, MeetingList(meetings=[]))
    assert (fetched.errors, fetched.defects, api.app.state.requests) == ([], [], 0)


# A part that can't be read


@pytest.mark.parametrize("wanted", ["auto", "list"])
def test_who_may_stand_on_a_page_that_keeps_failing_is_asked_one_by_one(serve_api: ServeApi, wanted: Via) -> None:
    """Only those: the others are on the pages that were read."""
    api = serve_api(by_page={2: FOR_EVER("internal_error")})
    fetched = fetch(api, page_size=5, wanted=wanted)
    require_an_outcome_each(fetched, 40)
    assert (seen(fetched), fetched.failures, fetched.errors) == (live(api.world), [], [])
    assert set(api.app.state.requests_by_meeting.values()) == {1}
    assert len(api.app.state.requests_by_meeting) == 40 - 12


@pytest.mark.parametrize(("room", "asked"), [(6 + 28, 28), (6 + 27, 0)])
def test_they_fail_where_the_limit_leaves_no_room_for_all_of_them(serve_api: ServeApi, room: int, asked: int) -> None:
    """They are never taken for idle: each fails as the page did, and says why."""
    api = serve_api(by_page={2: FOR_EVER("internal_error")})
    fetched = fetch(api, page_size=5, limits=room_for(room))
    require_an_outcome_each(fetched, 40)
    assert api.app.state.requests == 6 + asked
    if not asked:
        assert (fetched.tally.live, fetched.tally.idle, fetched.tally.failed) == (12, 0, 28)
        (said,) = {(one.kind, one.message, one.http_status, one.api_code, one.attempts) for one in fetched.failures}
        why = "not in the part of the list of live sessions that could be read: HTTP 500: Internal server error"
        assert said == (FailureKind.SERVER_ERROR, why, 500, 500, 1)
        assert all(failure.cf_ray for failure in fetched.failures)
        assert fetched.errors == []


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ({"ignores_page": True}, "page 2 repeats other pages"),
        ({"ignores_page": True, "script": FOR_EVER("no_paging")}, "page 8 repeats other pages"),
        ({"script": FOR_EVER("count_too_high")}, "page 234 holds 0 entries"),
        ({"script": FOR_EVER("count_of_page")}, "page 2 holds 5 entries"),
    ],
)
def test_a_list_that_contradicts_itself_makes_nobody_idle(serve_api: ServeApi, server: Any, why: str) -> None:
    """It takes a few requests, and the failures say what is wrong with it."""
    api = serve_api(**server)
    fetched = fetch(api, page_size=5, limits=room_for(10))
    require_an_outcome_each(fetched, 40)
    assert (fetched.tally.idle, fetched.errors) == (0, [])
    assert fetched.tally.live >= 5
    assert {failure.kind for failure in fetched.failures} == {FailureKind.MALFORMED}
    assert all(f"the list contradicts itself: {why}" in failure.message for failure in fetched.failures)
    assert api.app.state.requests <= 5


def test_an_entry_that_cant_be_read_may_be_any_meeting(serve_api: ServeApi) -> None:
    """The simulator's list with a null in it: the others are live, and nobody is idle."""
    api = serve_api(script=["unreadable_entry"])
    fetched = fetch(api, limits=room_for(2))
    require_an_outcome_each(fetched, 40)
    assert (fetched.tally.live, fetched.tally.idle, fetched.tally.failed) == (16, 0, 24)
    assert {failure.kind for failure in fetched.failures} == {FailureKind.MALFORMED}
    assert "holds entries that name no session and meeting" in fetched.failures[0].message


# Lists that the API does not give

REFUSALS: list[tuple[str, type[EtlError]]] = []
