from __future__ import annotations

import pytest

from etl.errors import (
    EXIT_WITH_FAILURES,
    ApiUnavailable,
    ConfigError,
    EtlError,
    FailureKind,
    GiveUp,
    Refused,
    RequestError,
    RunOverlap,
    StoreError,
    StoreLocked,
    TokenRejected,
    TryAgain,
)

EXIT_CODES = {
    ConfigError: 78,
    TokenRejected: 77,
    StoreLocked: 75,
    RunOverlap: 75,
    StoreError: 74,
    ApiUnavailable: 69,
}


@pytest.mark.parametrize(("error", "code"), EXIT_CODES.items())
def test_the_class_of_an_error_says_its_exit_code(error: type[EtlError], code: int) -> None:
    """The codes are those of sysexits.h, and users rely on them."""
    assert error("what happened").exit_code == code


def test_every_error_that_ends_a_command_has_a_code_in_the_table() -> None:
    """A new class needs an exit code."""
    assert set(EtlError.__subclasses__()) == set(EXIT_CODES)


def test_no_error_ends_like_a_run_with_failures() -> None:
    """3 means that the rows are stored and some meetings failed. 0 is success, and 2 is a wrong call."""
    assert EXIT_WITH_FAILURES == 3
    assert not {0, 2, EXIT_WITH_FAILURES} & {*EXIT_CODES.values(), EtlError.exit_code}


@pytest.mark.parametrize("decision", [TryAgain, GiveUp, Refused])
def test_a_failed_request_has_its_message_and_the_details_of_the_answer(decision: type[RequestError]) -> None:
    """The error can be raised, caught as RequestError, logged, and stored as a row."""
    with pytest.raises(RequestError) as caught:
        raise decision(FailureKind.TIMEOUT, "no answer", http_status=408, cf_ray="8f-FRA")
    error = caught.value
    assert (str(error), error.kind, error.http_status, error.cf_ray) == ("no answer", "timeout", 408, "8f-FRA")
    assert (error.api_code, error.retry_after) == (None, None)


def test_a_failed_request_ends_no_command() -> None:
    """Only the fetch decides if a failure ends the run."""
    assert not issubclass(RequestError, EtlError)


def test_the_decisions_exclude_each_other() -> None:
    """An error has exactly one decision."""
    assert {cls.__bases__ for cls in (TryAgain, GiveUp, Refused)} == {(RequestError,)}


def test_failed_requests_are_compared_by_identity() -> None:
    """Two requests that failed alike are two failures. An error can be in a set."""
    alike = [TryAgain(FailureKind.TIMEOUT, "no answer") for _ in range(2)]
    assert alike[0] != alike[1]
    assert len(set(alike)) == 2


def test_the_kinds_of_failure_are_a_closed_set() -> None:
    """Reports rely on the kinds: a new kind changes the data model."""
    assert {str(kind) for kind in FailureKind} == {
        "invalid_id",
        "not_found",
        "unauthorized",
        "not_asked",
        "forbidden",
        "rate_limited",
        "server_error",
        "timeout",
        "connection",
        "malformed",
        "deadline",
        "interrupted",
    }
