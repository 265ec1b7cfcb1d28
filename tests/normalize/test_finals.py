"""Ended sessions and totals of days as rows: nothing that can't be typed counts as nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import FailureKind
from etl.normalize.fields import FieldError, parse_day
from etl.normalize.finals import DAY_SCHEMA, FINAL_SCHEMA, normalize_finals
from etl.store.database import open_database
from etl.values.fetch import Failure, FetchCounts, Observation
from etl.values.finals import DayTotals, Finals
from etl.values.meetings import Meeting
from etl.values.run import RunStart
from tests.samples import SLOT, payload

if TYPE_CHECKING:
    from pathlib import Path

    from etl.values.run import Batch

START = RunStart(run_id="run", slot=SLOT, started_at=SLOT, account_id="account", tool_version="0", host="here")
LATER = SLOT + timedelta(minutes=1)
ENDED: dict[str, Any] = {"status": "ENDED", "live_participants": 0, "ended_at": "2026-11-02T11:59:00.000Z"}


def make(*payloads: dict[str, Any], days: Any = (), failures: Any = ()) -> Batch:
    """The batch of a run that was told of those sessions, and of those entries for the first days of November."""
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
    return normalize_finals(START, finals, LATER)


def day(**changes: Any) -> dict[str, Any]:
    """The totals of a day as the API sends them."""
    return {"day": "2026-11-01", "total_sessions": 3, "total_session_minutes": 40.25} | changes


def test_an_ended_session_is_a_row_under_the_meeting_that_the_api_names() -> None:
    """Nobody has asked for the meeting: it is known from the answer."""
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": None}, "status is not ENDED"),
        ({"status": "LIVE"}, "status is not ENDED"),
        ({"status": "ended"}, "status is not ENDED"),
        ({"associated_id": None}, "associated_id is missing or not a valid meeting ID"),
        ({"associated_id": "two words"}, "associated_id is missing or not a valid meeting ID"),
        ({"id": None}, "id is missing"),
        ({"minutes_consumed": None}, "minutes_consumed is missing"),
        ({"minutes_consumed": -1}, "minutes_consumed is negative, not finite or too large"),
    ],
)
def test_a_session_that_is_not_final_or_cant_be_typed_is_a_failure(changes: dict[str, Any], message: str) -> None:
    """Of its meeting, quoting what was sent."""
    batch = make(payload(**(ENDED | changes)), payload("good", **ENDED))
    assert batch.frames["session_finals"]["session_id"].to_list() == ["good"]
    (failure,) = batch.frames["fetch_failures"].to_dicts()
    assert (failure["kind"], failure["meeting_id"], failure["attempts"]) == ("malformed", "meeting-1", 2)
    assert failure["message"].startswith(f"{message}: {{")


@pytest.mark.parametrize(
    "written", ["2026-11-01", "2026-11-01T00:00:00.000Z", "2026-11-01T00:00:00+00:00", "2026-11-01T02:00:00+02:00"]
)
def test_a_day_is_a_date_or_the_instant_of_its_beginning(written: str) -> None:
    """In UTC, whatever zone that is written in."""
    assert parse_day(day(day=written)) == {"day": date(2026, 11, 1), "sessions": 3, "minutes": 40.25}


NO_DAYS: list[Any] = [None, 1, "", "null", "Sunday", "2026-11-31", "20261101"]
NO_MIDNIGHTS: list[Any] = ["2026-11-01T00:00:00", "2026-11-01T08:00:00Z"]
NO_COUNTS: list[Any] = [None, "", "many", 1.5, -1, True, 2**60, float("nan"), []]
NO_MINUTES: list[Any] = [None, "-1", -0.1, float("inf"), False, {}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("day", value) for value in NO_DAYS + NO_MIDNIGHTS),
        *(("total_sessions", value) for value in NO_COUNTS),
        *(("total_session_minutes", value) for value in NO_MINUTES),
    ],
)
def test_a_day_that_cant_be_typed_is_a_failure_and_never_a_zero(field: str, value: Any) -> None:
    """An instant without a zone, or in the middle of a day, would be a guess."""
    with pytest.raises(FieldError):
        parse_day(day(**{field: value}))
    batch = make(days=[day(**{field: value}), day(day="2026-11-02")])
    assert batch.frames["daily_totals"]["day"].to_list() == [date(2026, 11, 2)]
    (failure,) = batch.frames["fetch_failures"].to_dicts()
    assert (failure["app_id"], failure["meeting_id"], failure["kind"]) == ("app", "*", "malformed")
    assert failure["message"].startswith("the totals of a day: ")


@pytest.mark.parametrize("entry", [None, 1, "x", [], [day()], {}])
def test_an_entry_that_is_no_object_is_a_failure(entry: object) -> None:
    """Whatever JSON holds."""
    assert make(days=[entry]).failures == {FailureKind.MALFORMED: 1}


def test_a_day_that_nobody_asked_for_is_a_failure() -> None:
    """The answer is then to another question."""
    batch = make(days=[day(day="2026-10-31"), day(day="2026-11-03"), day()])
    assert batch.frames["daily_totals"].height == 1
    assert batch.failures == {FailureKind.MALFORMED: 2}


def test_a_day_that_is_told_of_twice_is_one_and_another_total_for_it_a_failure() -> None:
    """Which of both is right nobody can say; the first is kept."""
    batch = make(days=[day(), day(), day(total_sessions=4)])
    assert batch.frames["daily_totals"]["sessions"].to_list() == [3]
    assert batch.failures == {FailureKind.MALFORMED: 1}


def test_the_run_counts_what_it_was_told_of_and_what_it_spent() -> None:
    """It is no snapshot: nothing was live, and nothing idle."""
    failure = Failure(app_id="app", meeting_id="*", kind=FailureKind.TIMEOUT, message="late")
    run = make(payload(**ENDED), payload("b"), days=[day()], failures=[failure]).run
    assert (run.kind, run.via, run.list_id, run.slot) == ("reconcile", "list", "ended", SLOT)
    assert (run.meetings, run.live, run.idle, run.failed) == (1, 0, 0, 2)
    assert (run.requests, run.retries, run.unlisted) == (7, 1, None)


def test_the_frames_have_the_columns_of_the_tables(tmp_path: Path) -> None:
    """In their order, which the comparison with what is stored relies on."""
    with open_database(tmp_path / "usage.duckdb") as connection:
        for table, schema in (("session_finals", FINAL_SCHEMA), ("daily_totals", DAY_SCHEMA)):
            described = connection.execute(f"describe {table}").fetchall()
            assert [row[0] for row in described] == list(schema)
