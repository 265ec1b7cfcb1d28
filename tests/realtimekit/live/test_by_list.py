"""One list instead of one request per meeting: a meeting on it is live, and one that is not is idle."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import ApiUnavailable, ConfigError, FailureKind, TokenRejected
from etl.realtimekit.live.fetch import fetch_sessions
from etl.settings import Limits, Rate
from etl.values.meetings import ALL_MEETINGS, Meeting, MeetingList
from etl.values.run import RunContext
from tests.conftest import START
from tests.realtimekit.plans import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from etl.errors import EtlError
    from etl.simulator.world import World
    from etl.values.fetch import FetchCounts, FetchResult
    from tests.conftest import Api

    ServeApi = Callable[..., Api]

FOR_EVER = itertools.repeat
ALL = MeetingList(meetings=[], all_of="simulated-app")


def listed(worlds: Iterable[World]) -> MeetingList:
    """All meetings of some worlds, in turn."""
    return MeetingList(meetings=[Meeting(world.app_id, one) for world in worlds for one in world.meeting_ids])


def fetch(
    api: Api,
    asked: MeetingList | None = None,
    *,
    may_ask_each: bool = True,
    context: RunContext | None = None,
    deadline: timedelta | None = None,
    **changes: Any,
) -> FetchResult:
    """Read the list of the live sessions; all meetings of the API are asked about, unless others are given."""
    return asyncio.run(
        fetch_sessions(
            asked or listed(api.worlds),
            plan("list", may_ask_each=may_ask_each),
            api.settings(**({"attempts": 2} | changes)),
            context or api.context(),
            deadline=deadline,
        )
    )


def room_for(requests: int) -> Limits:
    """A limit of so many requests in a window, all of them ours."""
    return Limits(stated=Rate(requests=requests, seconds=300.0), reserve=0.0)


def live(world: World) -> set[str]:
    """The truth: the meetings of a world that are in session at START."""
    return {one for one in world.meeting_ids if world.active_session(one, START)}


def seen(fetched: FetchResult) -> set[str]:
    """The meetings that the fetch found live."""
    return {observation.meeting.meeting_id for observation in fetched.observations}


def failed(fetched: FetchResult) -> set[str]:
    """The meetings whose outcome the fetch could not learn."""
    return {failure.meeting_id for failure in fetched.failures}


def require_an_outcome_each(fetched: FetchResult, meetings: int) -> None:
    """Live, idle or failed: each counted where it stands, and nobody twice."""
    counts = fetched.counts
    assert (counts.live, counts.failed) == (len(seen(fetched)), len(failed(fetched)))
    assert (counts.live, counts.failed) == (len(fetched.observations), len(fetched.failures))
    assert counts.done == counts.meetings == meetings
    assert not seen(fetched) & failed(fetched)


# A list that is read to the end


@pytest.mark.parametrize(
    ("page_size", "max_per_page", "faults", "requests"),
    [
        (100, 100, [], 1),
        (5, 100, [], 5),
        (100, 7, [], 4),
        (19, 100, [], 2),
        (5, 100, FOR_EVER("no_paging"), 7),
        (100, 7, FOR_EVER("count_not_a_number"), 7),
    ],
)
def test_who_is_on_the_list_is_live_and_the_others_are_idle(
    serve_api: ServeApi, page_size: int, max_per_page: int, faults: Iterable[str], requests: int
) -> None:
    """Pages may have any size, requested or capped, with a total or without. No meeting is fetched by itself."""
    api = serve_api(max_per_page=max_per_page, script=faults)
    assert len(api.live()) == 19
    fetched = fetch(api, page_size=page_size)
    require_an_outcome_each(fetched, 40)
    assert seen(fetched) == live(api.world)
    assert (fetched.failures, fetched.errors, fetched.via) == ([], [], "list")
    assert api.app.state.requests == fetched.counts.requests == requests
    assert not api.app.state.requests_by_meeting


def test_a_session_is_what_the_list_says_of_it_and_when(serve_api: ServeApi) -> None:
    """The payload whole, the instant of its page, and how many requests that took."""
    api = serve_api(script=["internal_error"])
    fetched = fetch(api)
    assert {one.meeting.meeting_id: one.payload for one in fetched.observations} == api.live()
    assert {(one.observed_at, one.attempts) for one in fetched.observations} == {(api.clock.now(), 2)}


def test_live_sessions_of_meetings_that_were_not_asked_about_are_counted(api: Api) -> None:
    """Each is a meeting that the user may not know of."""
    some = MeetingList(meetings=[Meeting(api.world.app_id, one) for one in api.world.meeting_ids[:10]])
    fetched = fetch(api, some)
    require_an_outcome_each(fetched, 10)
    assert seen(fetched) == live(api.world) & set(api.world.meeting_ids[:10])
    others = live(api.world) - set(api.world.meeting_ids[:10])
    assert fetched.unlisted == {Meeting(api.world.app_id, one) for one in others}


def test_each_app_has_a_list_of_its_own(serve_api: ServeApi) -> None:
    """Three apps, three lists, one budget; a meeting is looked for on its own app's list only."""
    api = serve_api(apps=3, meetings=20)
    fetched = fetch(api)
    require_an_outcome_each(fetched, 60)
    assert seen(fetched) == set.union(*(live(world) for world in api.worlds))
    assert api.app.state.requests_by_path.keys() == {f"{world.app_id}/sessions" for world in api.worlds}
    astray = [Meeting(api.worlds[0].app_id, one) for one in api.worlds[1].meeting_ids]
    assert fetch(api, MeetingList(meetings=astray)).counts.idle == 20


def test_nothing_to_ask_about_is_nothing_asked(api: Api) -> None:
    """No app, no list, and nothing wrong with it."""
    fetched = fetch(api, MeetingList(meetings=[]))
    assert (fetched.errors, fetched.defects, api.app.state.requests) == ([], [], 0)


# A part that can't be read


@pytest.mark.parametrize("may_ask_each", [True, False])
def test_who_may_stand_on_a_page_that_keeps_failing_is_asked_one_by_one(
    serve_api: ServeApi, *, may_ask_each: bool
) -> None:
    """Only those are: the others are on the pages that were read."""
    api = serve_api(by_page={2: FOR_EVER("internal_error")})
    fetched = fetch(api, page_size=5, may_ask_each=may_ask_each)
    require_an_outcome_each(fetched, 40)
    assert (seen(fetched), fetched.failures, fetched.errors) == (live(api.world), [], [])
    assert set(api.app.state.requests_by_meeting.values()) == {1}
    assert len(api.app.state.requests_by_meeting) == 40 - 14


@pytest.mark.parametrize(("room", "asked"), [(6 + 26, 26), (6 + 25, 0)])
def test_they_fail_where_the_limit_leaves_no_room_for_all_of_them(
    serve_api: ServeApi, caplog: pytest.LogCaptureFixture, room: int, asked: int
) -> None:
    """They are never idle: each fails as the page did, and says why."""
    api = serve_api(by_page={2: FOR_EVER("internal_error")})
    fetched = fetch(api, page_size=5, limits=room_for(room))
    require_an_outcome_each(fetched, 40)
    assert api.app.state.requests == 6 + asked
    assert ("26 meetings are asked one by one" if asked else "26 meetings fail: asking for each") in caplog.text
    if not asked:
        assert (fetched.counts.live, fetched.counts.idle, fetched.counts.failed) == (14, 0, 26)
        (said,) = {(one.kind, one.message, one.http_status, one.api_code, one.attempts) for one in fetched.failures}
        why = "not in the part of the list of live sessions that could be read: HTTP 500: Internal server error"
        assert said == (FailureKind.SERVER_ERROR, why, 500, 500, 1)
        assert all(failure.cf_ray for failure in fetched.failures)
        assert fetched.errors == []


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ({"ignores_page_no": True}, "page 2 repeats others"),
        ({"ignores_page_no": True, "script": FOR_EVER("no_paging")}, "page 8 repeats others"),
        ({"script": FOR_EVER("count_too_high")}, "page 238 holds 0 entries"),
        ({"script": FOR_EVER("count_of_page")}, "page 2 holds 5 entries"),
    ],
)
def test_a_list_that_contradicts_itself_makes_nobody_idle(serve_api: ServeApi, server: Any, why: str) -> None:
    """Few requests are sent, and the failures name the contradiction."""
    api = serve_api(**server)
    fetched = fetch(api, page_size=5, limits=room_for(10))
    require_an_outcome_each(fetched, 40)
    assert (fetched.counts.idle, fetched.errors) == (0, [])
    assert fetched.counts.live >= 5
    assert {failure.kind for failure in fetched.failures} == {FailureKind.MALFORMED}
    assert all(f"the list contradicts itself: {why}" in failure.message for failure in fetched.failures)
    assert api.app.state.requests <= 5


def test_such_a_list_is_not_one_that_the_api_refuses(serve_api: ServeApi) -> None:
    """The rest is fetched one by one even with --via list, where the limit allows it."""
    api = serve_api(ignores_page_no=True)
    fetched = fetch(api, may_ask_each=False, page_size=5)
    assert (seen(fetched), fetched.failures, fetched.errors) == (live(api.world), [], [])


def test_an_entry_that_cant_be_read_may_be_any_meeting(serve_api: ServeApi) -> None:
    """The simulator's list with a null in it: the others are live, and nobody is idle."""
    api = serve_api(script=["unreadable_entry"])
    fetched = fetch(api, limits=room_for(2))
    require_an_outcome_each(fetched, 40)
    assert (fetched.counts.live, fetched.counts.idle, fetched.counts.failed) == (18, 0, 22)
    assert {failure.kind for failure in fetched.failures} == {FailureKind.MALFORMED}
    assert "holds entries that name no session and meeting" in fetched.failures[0].message


@pytest.mark.parametrize("fault", ["no_paging", "ok"])
def test_a_list_that_ignores_the_number_of_the_page_is_whole_if_it_is_not_cut_off(
    serve_api: ServeApi, fault: str
) -> None:
    """Nineteen sessions of the hundred requested: a page that brings no new one shows that there are no more."""
    api = serve_api(ignores_page_no=True, script=FOR_EVER(fault))
    fetched = fetch(api, may_ask_each=False)
    require_an_outcome_each(fetched, 40)
    assert (seen(fetched), fetched.counts.idle, fetched.failures) == (live(api.world), 21, [])
    assert api.app.state.requests <= 3


@pytest.mark.parametrize("fault", ["no_paging", "ok"])
@pytest.mark.parametrize("page_size", [7, 18, 19])
def test_a_list_that_ignores_the_number_of_the_page_and_may_be_cut_off_makes_nobody_idle(
    serve_api: ServeApi, fault: str, page_size: int
) -> None:
    """Its first page is full, so that there may be more. A total of 19 may be that of the page."""
    api = serve_api(ignores_page_no=True, script=FOR_EVER(fault))
    fetched = fetch(api, limits=room_for(10), page_size=page_size)
    require_an_outcome_each(fetched, 40)
    assert seen(fetched) <= live(api.world)
    assert len(seen(fetched)) == page_size
    assert fetched.counts.idle == 0


# Lists that the API does not give

REFUSALS = [
    pytest.param(
        "forbidden_by_realtimekit",
        TokenRejected,
        "Realtime Admin .*; or, with a meeting list, use --via meetings",
        id="403",
    ),
    pytest.param(
        "no_route",
        ConfigError,
        "Look at the account ID, the app ID.*; or, with a meeting list, use --via meetings",
        id="404",
    ),
    pytest.param("unknown_meeting", ConfigError, "an unknown meeting or app.* use --via meetings", id="404 of its own"),
    pytest.param("success_false", ApiUnavailable, "Something went wrong.* use --via meetings", id="no success"),
]


@pytest.mark.parametrize(("fault", "error", "says"), REFUSALS)
def test_a_refused_list_that_was_asked_for_is_an_error(
    serve_api: ServeApi, fault: str, error: type[EtlError], says: str
) -> None:
    """The error names the app and the other way. Every meeting fails: none is idle, and none is fetched by itself."""
    api = serve_api(script=FOR_EVER(fault))
    fetched = fetch(api, may_ask_each=False)
    require_an_outcome_each(fetched, 40)
    requests = 2 if error is TokenRejected else 1  # a refusal of the token is confirmed
    assert (fetched.counts.failed, api.app.state.requests) == (40, requests)
    assert [type(problem) for problem in fetched.errors] == [error]
    with pytest.raises(error, match=f"does not give the list of live sessions of app simulated-app .*{says}"):
        raise fetched.errors[0]


@pytest.mark.parametrize(("fault", "error", "says"), REFUSALS)
def test_a_refused_list_that_nobody_asked_for_is_done_without(
    serve_api: ServeApi, fault: str, error: type[EtlError], says: str
) -> None:
    """The meetings are fetched one by one where the limit allows it; elsewhere the error is the same."""
    api = serve_api(by_page={1: FOR_EVER(fault)})
    requests = 2 if error is TokenRejected else 1
    fetched = fetch(api, limits=room_for(40 + requests))
    require_an_outcome_each(fetched, 40)
    assert (seen(fetched), fetched.failures, fetched.errors) == (live(api.world), [], [])
    fetched = fetch(api, limits=room_for(39 + requests))
    assert (fetched.counts.failed, [type(problem) for problem in fetched.errors]) == (40, [error])
    assert says.rpartition(" ")[2] in str(fetched.errors[0])


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("bad_gateway_html", FailureKind.SERVER_ERROR, "HTTP 502: "),
        ("not_json", FailureKind.MALFORMED, "HTTP 200, not a JSON object: "),
        ("empty_body", FailureKind.MALFORMED, "HTTP 200, not a JSON object: "),
    ],
)
def test_an_api_that_is_down_is_unavailable(serve_api: ServeApi, fault: str, kind: FailureKind, says: str) -> None:
    """No list could be read, and it is not the lists that are refused."""
    api = serve_api(apps=2, script=FOR_EVER(fault))
    fetched = fetch(api, limits=room_for(20))
    require_an_outcome_each(fetched, 80)
    assert (fetched.counts.failed, api.app.state.requests) == (80, 4)
    assert {failure.kind for failure in fetched.failures} == {kind}
    assert [type(problem) for problem in fetched.errors] == [ApiUnavailable]
    assert f"no list of live sessions could be read ({says}" in str(fetched.errors[0])


@pytest.mark.parametrize(("script", "requests"), [([], 2), (["ok", "ok"], 5)])
def test_a_refused_token_ends_the_fetch(serve_api: ServeApi, script: list[str], requests: int) -> None:
    """The sessions that were read are live, one failure stands for the refused request, and the rest was not asked.

    One request confirms the first refusal, and after an answer another one shows that all are refused now.
    """
    api = serve_api(apps=2, script=itertools.chain(script, FOR_EVER("authentication")))
    fetched = fetch(api, page_size=5, concurrency=1)
    require_an_outcome_each(fetched, 80)
    assert (fetched.counts.idle, api.app.state.requests) == (0, requests)
    assert [type(problem) for problem in fetched.errors] == [TokenRejected]
    (refused,) = (failure for failure in fetched.failures if failure.kind is FailureKind.UNAUTHORIZED)
    assert (refused.app_id, refused.attempts > 0) == ("simulated-app", True)
    assert refused.message.endswith("that could be read: HTTP 401: Authentication error")
    others = {(each.app_id, each.kind, each.message, each.attempts) for each in fetched.failures if each != refused}
    message = "not asked: the token was refused (HTTP 401: Authentication error)"
    apps = ("simulated-app", "simulated-app-2")
    assert others == {(app_id, FailureKind.NOT_ASKED, message, 0) for app_id in apps}


@pytest.mark.parametrize("via", ["list", "meetings"])
def test_a_refused_token_gives_the_same_kinds_either_way(serve_api: ServeApi, via: str) -> None:
    """One failure stands for what was asked. The other meetings were never asked."""
    api = serve_api(meetings=100, script=FOR_EVER("authentication"))
    asked = listed(api.worlds)
    fetched = asyncio.run(fetch_sessions(asked, plan(via), api.settings(attempts=2), api.context()))
    require_an_outcome_each(fetched, 100)
    assert Counter(failure.kind for failure in fetched.failures) == {
        FailureKind.NOT_ASKED: 99,
        FailureKind.UNAUTHORIZED: 1,
    }
    assert [type(problem) for problem in fetched.errors] == [TokenRejected]
    assert api.app.state.requests == 2


@pytest.mark.parametrize("fault", ["authentication", "forbidden", "missing_scope", "forbidden_by_realtimekit"])
@pytest.mark.parametrize("place", range(5))
def test_one_refused_page_costs_no_meeting(serve_api: ServeApi, fault: str, place: int) -> None:
    """The first page or a later one: it is asked for again."""
    api = serve_api(script=["ok"] * place + [fault])
    fetched = fetch(api, page_size=5, may_ask_each=False)
    require_an_outcome_each(fetched, 40)
    assert (seen(fetched), fetched.failures, fetched.errors) == (live(api.world), [], [])
    assert api.app.state.requests == 6


@pytest.mark.parametrize("fault", ["authentication", "forbidden", "missing_scope", "forbidden_by_realtimekit"])
def test_an_app_that_is_refused_costs_no_other(serve_api: ServeApi, fault: str) -> None:
    """The token is accepted for the first app, and still is when the second one is refused."""
    api = serve_api(apps=3, script=["ok", fault, fault])
    fetched = fetch(api, may_ask_each=False, concurrency=1)
    require_an_outcome_each(fetched, 120)
    assert {failure.app_id for failure in fetched.failures} == {"simulated-app-2"}
    assert len(fetched.failures) == 40
    assert [type(problem) for problem in fetched.errors] == [TokenRejected]
    assert "of app simulated-app-2" in str(fetched.errors[0])
    assert seen(fetched) == live(api.worlds[0]) | live(api.worlds[2])


@pytest.mark.parametrize(
    ("script", "kind", "errors"),
    [
        (["ok", "no_route"], FailureKind.NOT_FOUND, [ConfigError]),
        (["ok", "internal_error", "internal_error"], FailureKind.SERVER_ERROR, []),
    ],
)
def test_an_app_whose_list_fails_harms_only_its_own_meetings(
    serve_api: ServeApi, script: list[str], kind: FailureKind, errors: list[type[EtlError]]
) -> None:
    """The others' lists are read, and their meetings live or idle."""
    api = serve_api(apps=3, script=script)
    fetched = fetch(api, may_ask_each=False, concurrency=1, limits=room_for(20))
    require_an_outcome_each(fetched, 120)
    assert {(failure.app_id, failure.kind) for failure in fetched.failures} == {("simulated-app-2", kind)}
    assert len(fetched.failures) == 40
    assert seen(fetched) == live(api.worlds[0]) | live(api.worlds[2])
    assert [type(problem) for problem in fetched.errors] == errors
    assert all("of app simulated-app-2 " in str(problem) for problem in fetched.errors)


# The end before the list's


def real_time(**changes: Any) -> RunContext:
    """Waiting as it is; the clock is not looked at."""
    return RunContext(now=lambda: START, sleep=asyncio.sleep, **changes)


def test_the_deadline_leaves_nobody_idle_whose_list_was_not_read_to_the_end(serve_api: ServeApi) -> None:
    """The sessions that were read are live, a list that was whole counts, and the rest fails with the deadline."""
    api = serve_api(apps=3, script=itertools.chain(["ok"] * 6, FOR_EVER("slow")))
    fetched = fetch(
        api,
        context=real_time(),
        deadline=timedelta(seconds=0.5),
        page_size=5,
        concurrency=1,
        timeout=timedelta(seconds=9),
    )
    require_an_outcome_each(fetched, 120)
    assert (fetched.counts.idle, fetched.errors) == (40 - len(live(api.worlds[0])), [])
    assert {(failure.kind, failure.attempts) for failure in fetched.failures} == {(FailureKind.DEADLINE, 0)}
    done, begun = (seen(fetched) & set(world.meeting_ids) for world in api.worlds[:2])
    assert (done, len(begun)) == (live(api.worlds[0]), 5)


def test_an_interruption_leaves_nobody_idle_either(serve_api: ServeApi) -> None:
    """The interruption comes with the first report of progress, after the first page."""
    api = serve_api(script=itertools.chain(["ok"], FOR_EVER("slow")))

    async def interrupt() -> FetchResult:
        interrupted = asyncio.Event()
        context = real_time(interrupted=interrupted, report_progress=lambda _: interrupted.set())
        settings = api.settings(page_size=5, timeout=timedelta(seconds=9))
        return await fetch_sessions(listed(api.worlds), plan("list"), settings, context)

    fetched = asyncio.run(interrupt())
    require_an_outcome_each(fetched, 40)
    assert (fetched.counts.live, fetched.counts.idle) == (5, 0)
    assert {failure.kind for failure in fetched.failures} == {FailureKind.INTERRUPTED}


# All meetings of an app


def test_all_meetings_are_every_session_on_the_list(serve_api: ServeApi) -> None:
    """By the IDs that the API gives them; who is idle is nobody's question."""
    api = serve_api(apps=2)
    fetched = fetch(api, ALL, page_size=5)
    require_an_outcome_each(fetched, len(live(api.world)))
    assert (seen(fetched), fetched.counts.idle, fetched.failures) == (live(api.world), 0, [])
    assert (fetched.unlisted, fetched.errors) == (set(), [])
    assert {observation.meeting.app_id for observation in fetched.observations} == {api.world.app_id}


@pytest.mark.parametrize(
    ("server", "kind", "seen_before", "errors"),
    [
        ({"by_page": {2: FOR_EVER("internal_error")}}, FailureKind.SERVER_ERROR, 14, []),
        ({"script": ["unreadable_entry"]}, FailureKind.MALFORMED, 19, []),
        ({"script": FOR_EVER("internal_error")}, FailureKind.SERVER_ERROR, 0, [ApiUnavailable]),
        ({"script": FOR_EVER("no_route")}, FailureKind.NOT_FOUND, 0, [ConfigError]),
        ({"script": itertools.chain(["ok"], FOR_EVER("authentication"))}, FailureKind.UNAUTHORIZED, 5, [TokenRejected]),
    ],
)
def test_what_can_not_be_seen_of_all_meetings_is_one_failure(
    serve_api: ServeApi, server: Any, kind: FailureKind, seen_before: int, errors: list[type[EtlError]]
) -> None:
    """The failure stands for meetings whose IDs are unknown, and none is fetched by itself."""
    api = serve_api(**server)
    fetched = fetch(api, ALL, page_size=5)
    require_an_outcome_each(fetched, seen_before + 1)
    assert [(one.app_id, one.meeting_id, one.kind) for one in fetched.failures] == [
        (api.world.app_id, ALL_MEETINGS, kind)
    ]
    assert [type(problem) for problem in fetched.errors] == errors
    assert not api.app.state.requests_by_meeting


def test_the_deadline_of_all_meetings_is_one_failure(serve_api: ServeApi) -> None:
    """The sessions seen by then are kept."""
    api = serve_api(script=itertools.chain(["ok"], FOR_EVER("slow")))
    fetched = fetch(
        api, ALL, context=real_time(), deadline=timedelta(seconds=0.4), page_size=5, timeout=timedelta(seconds=9)
    )
    require_an_outcome_each(fetched, 6)
    assert [(one.meeting_id, one.kind) for one in fetched.failures] == [(ALL_MEETINGS, FailureKind.DEADLINE)]


# Progress


@pytest.mark.parametrize("asked", ["list", "all"])
def test_progress_is_reported_after_every_page_and_at_the_end(api: Api, asked: str) -> None:
    """The reports show that a long list is being read. In the end everything is done."""
    reports: list[tuple[int, int, int]] = []

    def progress(counts: FetchCounts) -> None:
        reports.append((counts.requests, counts.sessions, counts.done))

    fetched = fetch(api, ALL if asked == "all" else None, context=api.context(report_progress=progress), page_size=5)
    # The last page is read twice: a session may have begun while the others were read.
    shown = [5, 9, 14, 19, 19]
    assert reports == [*((number, shown[number - 1], 0) for number in range(1, 6)), (5, 19, fetched.counts.meetings)]


@pytest.mark.parametrize("when", [1, 6])
def test_a_defect_is_reported_and_loses_nothing_that_was_read(api: Api, when: int) -> None:
    """The defect occurs while the list is read, or when all is done."""
    numbers = itertools.count(1)

    def progress(_: FetchCounts) -> None:
        if next(numbers) == when:
            raise ZeroDivisionError

    fetched = fetch(api, context=api.context(report_progress=progress), page_size=5)
    require_an_outcome_each(fetched, 40)
    assert [type(defect) for defect in fetched.defects] == [ZeroDivisionError]
    assert (fetched.counts.live, fetched.counts.idle, fetched.counts.failed) == (
        (5, 0, 35) if when == 1 else (19, 21, 0)
    )
