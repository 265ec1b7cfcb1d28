"""The fetch: every meeting gets exactly one outcome, however it ends."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import ApiUnavailable, ConfigError, FailureKind, TokenRejected
from etl.realtimekit.live.fetch import fetch_sessions
from etl.realtimekit.workers import UNANSWERED_LIMIT
from etl.simulator.faults import FAULTS
from etl.values.meetings import Meeting, MeetingList
from tests.conftest import running_api
from tests.realtimekit.plans import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.errors import EtlError
    from etl.values.fetch import FetchCounts, FetchResult
    from tests.conftest import Api

    ServeApi = Callable[..., Api]


def fetch(api: Api, *, meetings: int = 40, deadline: timedelta | None = None, **changes: object) -> FetchResult:
    """Fetch some meetings of an API."""
    asked = [Meeting(api.world.app_id, meeting_id) for meeting_id in api.world.meeting_ids[:meetings]]
    return asyncio.run(
        fetch_sessions(MeetingList(meetings=asked), plan(), api.settings(**changes), api.context(), deadline=deadline)
    )


def outcomes(fetched: FetchResult) -> int:
    """The number of outcomes, each counted where it stands."""
    return len(fetched.observations) + len(fetched.failures) + fetched.counts.idle


@given(
    script=st.lists(st.sampled_from(["ok", "ok", "ok", *FAULTS]), max_size=60),
    attempts=st.integers(1, 3),
    concurrency=st.integers(1, 9),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_api_does_every_meeting_has_one_outcome(
    script: list[str], attempts: int, concurrency: int
) -> None:
    """Live, idle or failed: the counts add up to the list, and no meeting is counted twice."""
    with running_api(script=script) as api:
        fetched = fetch(api, attempts=attempts, concurrency=concurrency, timeout=timedelta(seconds=0.2))
    counts = fetched.counts
    assert outcomes(fetched) == 40
    assert (counts.live, counts.failed) == (len(fetched.observations), len(fetched.failures))
    named = [observation.meeting.meeting_id for observation in fetched.observations]
    named += [failure.meeting_id for failure in fetched.failures]
    assert len(set(named)) == len(named)


def test_as_many_requests_are_under_way_as_there_are_workers(serve_api: ServeApi) -> None:
    """Forty answers of 50 ms take two seconds one by one, and a quarter of a second eight at a time."""
    api = serve_api(latency=0.05)
    started = time.monotonic()
    fetched = fetch(api, concurrency=8)
    assert outcomes(fetched) == 40
    assert time.monotonic() - started < 1.5


def test_a_list_without_meetings_asks_nothing(api: Api) -> None:
    """No worker, no request, no outcome."""
    fetched = fetch(api, meetings=0)
    assert (outcomes(fetched), api.app.state.requests) == (0, 0)


def test_a_deadline_of_zero_ends_the_fetch_before_its_first_request(api: Api) -> None:
    """Every meeting fails, and nothing is sent."""
    fetched = fetch(api, deadline=timedelta())
    assert {failure.kind for failure in fetched.failures} == {FailureKind.DEADLINE}
    assert (outcomes(fetched), fetched.counts.requests, api.app.state.requests) == (40, 0, 0)


def test_an_observation_says_when_the_answer_came(api: Api) -> None:
    """`observed_at` is the world's time then."""
    fetched = fetch(api)
    assert {observation.observed_at for observation in fetched.observations} == {api.clock.now()}


@pytest.mark.parametrize("concurrency", [1, 8, 32])
def test_a_refused_token_is_refused_twice_and_the_others_are_not_asked(serve_api: ServeApi, concurrency: int) -> None:
    """They would be refused as well, and Cloudflare counts them. They are not counted as refused."""
    api = serve_api(script=itertools.repeat("authentication"), latency=0.01)
    fetched = fetch(api, concurrency=concurrency)
    assert api.app.state.requests == fetched.counts.requests == 2
    assert [type(error) for error in fetched.errors] == [TokenRejected]
    outcome = sorted((failure.kind, failure.attempts) for failure in fetched.failures)
    assert outcome == [(FailureKind.NOT_ASKED, 0)] * 39 + [(FailureKind.UNAUTHORIZED, 2)]


@pytest.mark.parametrize("fault", ["authentication", "forbidden", "missing_scope", "forbidden_by_realtimekit"])
@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("place", [0, 1, 20, 39])
def test_one_refusal_among_good_answers_costs_nothing(
    serve_api: ServeApi, fault: str, concurrency: int, place: int
) -> None:
    """The first answer or a later one: the meeting is asked for again."""
    api = serve_api(script=["ok"] * place + [fault])
    fetched = fetch(api, concurrency=concurrency)
    assert (fetched.failures, fetched.errors, outcomes(fetched)) == ([], [], 40)
    assert (fetched.counts.requests, fetched.counts.retries) == (41, 1)
    assert {observation.meeting.meeting_id for observation in fetched.observations} == set(api.live())


def test_many_refusals_at_once_that_pass_cost_nothing(serve_api: ServeApi) -> None:
    """Every worker is refused once in the same moment; each asks again, one after the other."""
    api = serve_api(script=["ok"] * 10 + ["authentication"] * 8, latency=0.01)
    fetched = fetch(api, concurrency=8)
    assert (fetched.failures, fetched.errors, outcomes(fetched)) == ([], [], 40)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_token_that_is_withdrawn_ends_the_fetch(serve_api: ServeApi, concurrency: int) -> None:
    """Even the request that was accepted before is refused now. What was fetched by then is kept."""
    api = serve_api(script=itertools.chain(["ok"] * 15, itertools.repeat("authentication")), latency=0.01)
    fetched = fetch(api, concurrency=concurrency)
    assert [type(error) for error in fetched.errors] == [TokenRejected]
    assert fetched.counts.live + fetched.counts.idle == 15
    assert api.app.state.requests <= 15 + concurrency + 2
    refused = [failure for failure in fetched.failures if failure.kind is FailureKind.UNAUTHORIZED]
    others = [failure for failure in fetched.failures if failure.kind is FailureKind.NOT_ASKED]
    assert len(refused) == 1
    assert len(others) == 24


@pytest.mark.parametrize("fault", ["authentication", "missing_scope", "forbidden_by_realtimekit"])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_one_meeting_that_is_always_refused_costs_no_other(serve_api: ServeApi, fault: str, concurrency: int) -> None:
    """The token is accepted for the others, before and after. The meeting fails, and the run goes on."""
    api = serve_api()
    refused = api.world.meeting_ids[7]
    api = serve_api(by_meeting={refused: itertools.repeat(fault)})
    fetched = fetch(api, concurrency=concurrency)
    assert [failure.meeting_id for failure in fetched.failures] == [refused]
    assert fetched.failures[0].kind in {FailureKind.UNAUTHORIZED, FailureKind.FORBIDDEN}
    assert (fetched.errors, outcomes(fetched)) == ([], 40)
    assert api.app.state.requests == 39 + 3


def test_many_meetings_that_are_refused_cost_no_other(serve_api: ServeApi) -> None:
    """An app of another account, for example: more than fifty in a row do not end the run, and each is asked once."""
    api = serve_api(meetings=100)
    refused = api.world.meeting_ids[10:80]
    api = serve_api(meetings=100, by_meeting={one: itertools.repeat("authentication") for one in refused})
    fetched = fetch(api, meetings=100, concurrency=1)
    assert [failure.meeting_id for failure in fetched.failures] == list(refused)
    assert (fetched.errors, outcomes(fetched)) == ([], 100)
    assert api.app.state.requests == 100 + 2


def test_failures_with_answers_between_them_do_not_end_the_fetch(serve_api: ServeApi) -> None:
    """Only an uninterrupted row of failures says that the API answers nothing."""
    api = serve_api(meetings=2 * UNANSWERED_LIMIT, script=itertools.cycle(["internal_error"] * 9 + ["ok"]))
    fetched = fetch(api, meetings=2 * UNANSWERED_LIMIT, attempts=1, concurrency=1)
    assert fetched.errors == []
    assert fetched.counts.failed == 2 * UNANSWERED_LIMIT * 9 // 10


def test_unknown_meetings_are_answers(serve_api: ServeApi) -> None:
    """A list of meetings long deleted does not look like an API that is down."""
    api = serve_api(meetings=2 * UNANSWERED_LIMIT, script=itertools.repeat("unknown_meeting"))
    fetched = fetch(api, meetings=2 * UNANSWERED_LIMIT)
    assert fetched.errors == []
    assert {failure.kind for failure in fetched.failures} == {FailureKind.NOT_FOUND}
    assert api.app.state.requests == 2 * UNANSWERED_LIMIT


def test_a_row_of_failures_ends_the_fetch_at_its_fiftieth(serve_api: ServeApi) -> None:
    """Counted in meetings, each after all its attempts; the error quotes the last of them."""
    api = serve_api(meetings=2 * UNANSWERED_LIMIT, script=itertools.repeat("internal_error"))
    fetched = fetch(api, meetings=2 * UNANSWERED_LIMIT, attempts=2, concurrency=1)
    assert api.app.state.requests == 2 * UNANSWERED_LIMIT
    assert [type(error) for error in fetched.errors] == [ApiUnavailable]
    assert "50 requests in a row failed, the last with server_error (HTTP 500: Internal" in str(fetched.errors[0])
    assert [failure.attempts for failure in fetched.failures] == [2] * UNANSWERED_LIMIT + [0] * UNANSWERED_LIMIT


def test_a_429_holds_every_worker(serve_api: ServeApi) -> None:
    """One is refused, and all wait. The time counts once, not once per worker."""
    api = serve_api(script=["ok"] * 8 + ["edge_1015"])
    fetched = fetch(api, concurrency=8)
    assert fetched.counts.failed == 0
    assert fetched.counts.waited_seconds == pytest.approx(5.0)


def test_a_defect_is_reported_and_loses_nothing_that_was_fetched(api: Api) -> None:
    """An unexpected exception ends the fetch. It is neither a failure of the API nor hidden."""

    def progress(counts: FetchCounts) -> None:
        if counts.done == 10:
            raise ZeroDivisionError

    asked = [Meeting(api.world.app_id, meeting_id) for meeting_id in api.world.meeting_ids]
    context = api.context(report_progress=progress)
    fetched = asyncio.run(fetch_sessions(MeetingList(meetings=asked), plan(), api.settings(concurrency=1), context))
    assert [type(defect) for defect in fetched.defects] == [ZeroDivisionError]
    assert {failure.kind for failure in fetched.failures} == {FailureKind.INTERRUPTED}
    assert (outcomes(fetched), fetched.counts.requests) == (40, 10)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("forbidden_by_realtimekit", TokenRejected), ("no_route", ConfigError), ("success_false", ApiUnavailable)],
)
def test_a_row_of_refusals_ends_the_fetch_whatever_their_shape(
    serve_api: ServeApi, fault: str, error: type[EtlError]
) -> None:
    """Nothing is asked thousands of times that was refused fifty times; the error says what to look at."""
    api = serve_api(meetings=2 * UNANSWERED_LIMIT, script=itertools.repeat(fault))
    fetched = fetch(api, meetings=2 * UNANSWERED_LIMIT, concurrency=1)
    assert [type(problem) for problem in fetched.errors] == [error]
    assert api.app.state.requests == UNANSWERED_LIMIT + (error is TokenRejected)  # the first refusal is confirmed


def test_a_transport_that_was_handed_in_stays_open(api: Api) -> None:
    """Its maker closes it, so that several fetches may share its connections."""

    async def twice() -> list[int]:
        asked = [Meeting(api.world.app_id, meeting_id) for meeting_id in api.world.meeting_ids]
        async with httpx.AsyncHTTPTransport() as transport:
            context = api.context(transport=transport)
            fetches = [
                await fetch_sessions(MeetingList(meetings=asked), plan(), api.settings(), context) for _ in range(2)
            ]
        return [fetched.counts.requests for fetched in fetches]

    assert asyncio.run(twice()) == [40, 40]
