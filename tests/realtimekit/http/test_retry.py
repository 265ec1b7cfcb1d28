from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import FailureKind, GiveUp, Refused, RequestError, TryAgain
from etl.realtimekit.http.retry import clamp_retry_after, rate_limit_wait, retrying
from etl.settings import ApiSettings

if TYPE_CHECKING:
    from collections.abc import Iterable


def again(retry_after: float | None = None) -> TryAgain:
    """Make an error that another attempt may clear."""
    return TryAgain(FailureKind.SERVER_ERROR, "HTTP 503", retry_after=retry_after)


async def ask(answers: Iterable[object], attempts: int) -> tuple[object, list[float]]:
    """Ask a server that gives these answers in turn, and return the outcome and the waits."""
    waits: list[float] = []
    left = iter(answers)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def request() -> object:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    try:
        return await retrying(attempts=attempts, sleep=sleep)(request), waits
    except RequestError as error:
        return error, waits


def outcome(*answers: object, attempts: int = 5) -> tuple[object, list[float]]:
    """Ask once, under the policy."""
    return asyncio.run(ask(answers, attempts))


def waits_before(attempt: int, *, calls: int = 300) -> list[float]:
    """Collect the waits before one attempt, over many calls that fail without a Retry-After."""

    async def collect() -> list[float]:
        return [(await ask([again()] * attempt, attempt))[1][-1] for _ in range(calls)]

    return asyncio.run(collect())


def test_an_answer_ends_the_attempts() -> None:
    """Nothing waits before it or after it."""
    assert outcome("live") == ("live", [])


def test_what_may_be_mended_is_tried_again() -> None:
    """The answer of a later attempt is the answer."""
    answer, waits = outcome(again(), again(), "live")
    assert (answer, len(waits)) == ("live", 2)


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_after_the_last_attempt_its_failure_is_raised(attempts: int) -> None:
    """Itself, not wrapped: its kind goes into the table of failures."""
    failures = [again() for _ in range(attempts)]
    error, waits = outcome(*failures, "too late", attempts=attempts)
    assert error is failures[-1]
    assert len(waits) == attempts - 1


@pytest.mark.parametrize("decision", [GiveUp, Refused])
def test_what_can_not_be_mended_is_raised_at_once(decision: type[RequestError]) -> None:
    """Also on a later attempt."""
    final = decision(FailureKind.FORBIDDEN, "HTTP 403", retry_after=5.0)
    assert outcome(final, "too late") == (final, [])
    error, waits = outcome(again(), final, "too late")
    assert (error, len(waits)) == (final, 1)


def test_a_defect_is_not_tried_again() -> None:
    """Only TryAgain is retried; any other exception must be seen."""
    with pytest.raises(ZeroDivisionError):
        outcome(ZeroDivisionError(), "too late")


@pytest.mark.parametrize(("attempt", "bound"), [(2, 1.5), (3, 3.0), (4, 6.0), (5, 12.0), (9, 30.0), (40, 30.0)])
def test_the_wait_is_the_upper_half_of_a_bound_that_doubles(attempt: int, bound: float) -> None:
    """Drawn evenly, so that workers that failed together do not come back together."""
    waits = waits_before(attempt)
    assert bound / 2 <= min(waits) < bound * 5 / 8
    assert bound * 7 / 8 < max(waits) <= bound


def test_the_attempts_of_the_default_last_for_more_than_ten_seconds() -> None:
    """However the waits are drawn."""
    attempts = ApiSettings(token="t", account_id="a").attempts  # noqa: S106  # of no API
    totals = [sum(outcome(*[again()] * attempts, attempts=attempts)[1]) for _ in range(200)]
    assert 11 < min(totals) < max(totals) < 25


@pytest.mark.parametrize(
    ("asked", "least"),
    [(0.0, 1.0), (0.5, 1.0), (1.5, 1.5), (12.0, 12.0), (300.0, 300.0), (301.0, 300.0), (86400.0, 300.0)],
)
def test_what_the_api_asks_for_is_waited_between_a_floor_and_a_cap(asked: float, least: float) -> None:
    """Zero would use up all attempts at once, and a day would block a cron job."""
    answer, waits = outcome(*[again(asked)] * 20, "live", attempts=21)
    assert answer == "live"
    assert least <= min(waits) <= max(least, 1.5)


def test_jitter_may_be_longer_than_what_the_api_asks_for() -> None:
    """Retry-After is the least wait, so that workers which all received "1" spread out later."""
    waits = outcome(*[again(1.0)] * 60, "live", attempts=61)[1]
    assert min(waits) >= 1.0
    assert 15 < max(waits) <= 30


@given(st.floats(0, allow_nan=False))
def test_a_retry_after_is_taken_for_a_second_to_five_minutes(asked: float) -> None:
    """The API may name any time."""
    assert clamp_retry_after(asked) == min(max(asked, 1.0), 300.0)


def test_without_a_retry_after_the_wait_for_the_limit_doubles() -> None:
    """A server that does not say how long would otherwise be asked every second."""
    waits = [rate_limit_wait(None, attempt) for attempt in (1, 2, 3, 4, 5, 9, 10, 1000)]
    assert waits == [1, 2, 4, 8, 16, 256, 300, 300]
    assert [rate_limit_wait(7.5, attempt) for attempt in (1, 5)] == [7.5, 7.5]
