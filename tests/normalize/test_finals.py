"""Ended sessions and totals per day become rows. A value that can't be parsed does not count as zero."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import FailureKind
from etl.normalize.fields import FieldError, parse_day
from etl.normalize.finals import DAY_SCHEMA, FINAL_SCHEMA, normalize_finals
from etl.store.database import open_database
from etl.values.fetch import FetchCounts, Observation
from etl.values.finals import DayTotals, Finals
from etl.values.meetings import Failure, Meeting
from etl.values.run import RunStart
from tests.samples import SLOT, payload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from etl.values.run import Batch

START = RunStart(run_id="run", slot=SLOT, started_at=SLOT, account_id="account", tool_version="0", host="here")
LATER = SLOT + timedelta(minutes=1)
ENDED: dict[str, Any] = {"status": "ENDED", "live_participants": 0, "ended_at": "2026-11-02T11:59:00.000Z"}


def make(*payloads: dict[str, Any], days: Any = (), failures: Any = (), mask: Callable[[str], str] = str) -> Batch:
    """Return the batch of a run that fetched these sessions, and these entries for the first days of November."""
    observations = [Observation(Meeting("app", "meeting-1"), LATER, one, 2) for one in payloads]
    counts = FetchCounts(requests=7, retries=1)
    totals = DayTotals(
        app_id="app",
        first=date(2026, 11, 1),
        last=date(2026, 11, 2),
        fetched_at=LATER,
        entries=list(days),
        attempts=3,
    )
    finals = Finals(sessions=observations, days=[totals], failures=list(failures), counts=counts)
    return normalize_finals(START, finals, LATER, mask=mask)


def day(**changes: Any) -> dict[str, Any]:
    """Return the totals of a day as the API sends them."""
    return {"day": "2026-11-01", "total_sessions": 3, "total_session_minutes": 40.25} | changes


def test_an_ended_session_is_a_row_under_the_meeting_that_the_api_names() -> None:
    """The request was for the app, so only the answer names the meeting."""
    batch = make(payload(**ENDED, associated_id="room", unknown=1))
    (row,) = batch.frames["session_finals"].to_dicts()
    assert {column: row[column] for column in ("run_id", "fetched_at", "app_id", "meeting_id", "associated_id")} == {
        "run_id": "run",
        "fetched_at": LATER,
        "app_id": "app",
        "meeting_id": "room",
        "associated_id": "room",
    }
    assert (row["session_id"], row["minutes_consumed"], row["extra"]) == ("session-1", 2.3434, '{"unknown": 1}')
    assert row["ended_at"] == datetime(2026, 11, 2, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize("ended_at", ["0001-01-01T00:00:00Z", "unknown", 7])
def test_an_end_that_cant_be_read_is_null_and_kept_as_it_came(ended_at: object) -> None:
    """The final figures are kept."""
    batch = make(payload(**ENDED | {"ended_at": ended_at}))
    (row,) = batch.frames["session_finals"].to_dicts()
    assert (row["ended_at"], json.loads(row["extra"]), batch.run.failed) == (None, {"ended_at": ended_at}, 0)


@pytest.mark.parametrize(
    ("status", "stored"), [("ENDED", "ENDED"), ("ended", "ended"), ("FINISHED", "FINISHED"), (None, None), (7, None)]
)
def test_a_status_that_does_not_say_live_loses_no_final_figures(status: object, stored: str | None) -> None:
    """The API was asked for ended sessions. A status that is not text is kept in `extra`."""
    batch = make(payload(**ENDED | {"status": status}))
    (row,) = batch.frames["session_finals"].to_dicts()
    assert (row["status"], row["minutes_consumed"], batch.run.failed) == (stored, 2.3434, 0)
    assert row["extra"] == ('{"status": 7}' if status == 7 else None)


def test_a_message_holds_no_token_that_an_entry_quotes() -> None:
    """The session and the day quote it."""
    batch = make({"id": "secret-token"}, days=[{"day": "secret-token"}], mask=lambda text: text.replace("secret", "?"))
    messages = batch.frames["fetch_failures"]["message"].to_list()
    assert len(messages) == 2
    assert not [message for message in messages if "secret" in message]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": "LIVE"}, "status is LIVE"),
        ({"status": "live"}, "status is LIVE"),
        ({"associated_id": None}, "associated_id is missing or not a valid meeting ID"),
        ({"associated_id": "two words"}, "associated_id is missing or not a valid meeting ID"),
        ({"id": None}, "id is missing"),
        ({"minutes_consumed": None}, "minutes_consumed is missing"),
        ({"minutes_consumed": -1}, "minutes_consumed is negative, not finite or too large"),
    ],
)
def test_a_session_that_is_not_final_or_cant_be_parsed_is_a_failure(changes: dict[str, Any], message: str) -> None:
    """The failure has the meeting of the request, and quotes the payload."""
    batch = make(payload(**(ENDED | changes)), payload("good", **ENDED))
    assert batch.frames["session_finals"]["session_id"].to_list() == ["good"]
    (failure,) = batch.frames["fetch_failures"].to_dicts()
    assert (failure["kind"], failure["meeting_id"], failure["attempts"]) == ("malformed", "meeting-1", 2)
    assert failure["message"].startswith(f"{message}: {{")


@pytest.mark.parametrize(
    "written", ["2026-11-01", "2026-11-01T00:00:00.000Z", "2026-11-01T00:00:00+00:00", "2026-11-01T02:00:00+02:00"]
)
def test_a_day_is_a_date_or_the_instant_of_its_beginning(written: str) -> None:
    """The day is in UTC, whatever zone the instant has."""
    assert parse_day(day(day=written)) == {"day": date(2026, 11, 1), "sessions": 3, "minutes": 40.25}


INVALID_DAYS: list[Any] = [None, 1, "", "null", "Sunday", "2026-11-31", "20261101"]
INVALID_MIDNIGHTS: list[Any] = ["2026-11-01T00:00:00", "2026-11-01T08:00:00Z"]
INVALID_COUNTS: list[Any] = [None, "", "many", 1.5, -1, True, 2**60, float("nan"), []]
INVALID_MINUTES: list[Any] = [None, "-1", -0.1, float("inf"), False, {}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("day", value) for value in INVALID_DAYS + INVALID_MIDNIGHTS),
        *(("total_sessions", value) for value in INVALID_COUNTS),
        *(("total_session_minutes", value) for value in INVALID_MINUTES),
    ],
)
def test_a_day_that_cant_be_parsed_is_a_failure_and_never_zero(field: str, value: Any) -> None:
    """An instant without a zone, or in the middle of a day, would be a guess."""
    with pytest.raises(FieldError):
        parse_day(day(**{field: value}))
    batch = make(days=[day(**{field: value}), day(day="2026-11-02")])
    assert batch.frames["daily_totals"]["day"].to_list() == [date(2026, 11, 2)]
    (failure,) = batch.frames["fetch_failures"].to_dicts()
    assert (failure["app_id"], failure["meeting_id"], failure["kind"]) == ("app", "*", "malformed")
    assert failure["message"].startswith("the totals of a day: ")


@pytest.mark.parametrize("entry", [None, 1, "x", [], [day()], {}])
def test_an_entry_that_is_not_an_object_is_a_failure(entry: object) -> None:
    """Any other JSON value is refused."""
    assert make(days=[entry]).failures == {FailureKind.MALFORMED: 1}


def test_a_day_that_nobody_asked_for_is_a_failure() -> None:
    """The answer does not match the request."""
    batch = make(days=[day(day="2026-10-31"), day(day="2026-11-03"), day()])
    assert batch.frames["daily_totals"].height == 1
    assert batch.failures == {FailureKind.MALFORMED: 2}


def test_a_repeated_day_counts_once_and_a_different_total_is_a_failure() -> None:
    """The right total is unknown. The first is kept."""
    batch = make(days=[day(), day(), day(total_sessions=4)])
    assert batch.frames["daily_totals"]["sessions"].to_list() == [3]
    assert batch.failures == {FailureKind.MALFORMED: 1}


def test_the_run_counts_its_sessions_failures_and_requests() -> None:
    """A reconciliation has no live and no idle meetings."""
    failure = Failure(app_id="app", meeting_id="*", kind=FailureKind.TIMEOUT, message="late")
    run = make(payload(**ENDED), payload("b"), days=[day()], failures=[failure]).run
    assert (run.kind, run.via, run.list_id, run.slot) == ("reconcile", "list", "ended", SLOT)
    assert (run.meetings, run.live, run.idle, run.failed) == (1, 0, 0, 2)
    assert (run.requests, run.retries, run.unlisted) == (7, 1, None)


def test_the_frames_have_the_columns_of_the_tables(tmp_path: Path) -> None:
    """The comparison with stored rows relies on the order of the columns."""
    with open_database(tmp_path / "usage.duckdb") as connection:
        for table, schema in (("session_finals", FINAL_SCHEMA), ("daily_totals", DAY_SCHEMA)):
            described = connection.execute(f"describe {table}").fetchall()
            assert [row[0] for row in described] == list(schema)
