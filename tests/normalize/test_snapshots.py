from __future__ import annotations

import itertools
import json
import math
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.errors import FailureKind
from etl.normalize.ledger import FAILURE_SCHEMA, RUN_SCHEMA
from etl.normalize.snapshots import SNAPSHOT_SCHEMA, compute_list_id, normalize_snapshots
from etl.settings import ApiSettings
from etl.store import sql_files
from etl.values.fetch import FetchCounts, FetchResult, Observation
from etl.values.meetings import Failure, Meeting, MeetingList
from etl.values.run import RunStart
from tests.samples import SLOT, payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from etl.values.run import Batch

SCHEMAS: dict[str, dict[str, Any]] = {
    "runs": RUN_SCHEMA,
    "meeting_lists": {"list_id": pl.String, "app_id": pl.String, "meeting_id": pl.String},
    "session_snapshots": SNAPSHOT_SCHEMA,
    "fetch_failures": FAILURE_SCHEMA,
}
JSON_COLUMNS = ["breakout_rooms", "meta", "extra"]
START = RunStart(
    run_id="0193f8a2-0000-7000-8000-000000000000",
    slot=SLOT,
    started_at=SLOT + timedelta(seconds=1),
    account_id="account",
    tool_version="0.1.0",
    host="here",
)
FINISHED_AT = SLOT + timedelta(seconds=9)


def observations(*payloads: dict[str, Any]) -> list[Observation]:
    """Return one observation per payload, each of another meeting, one second apart."""
    return [
        Observation(Meeting("app", f"m{number}"), SLOT + timedelta(seconds=number), session)
        for number, session in enumerate(payloads)
    ]


def failure(meeting_id: str, kind: FailureKind = FailureKind.TIMEOUT, **known: Any) -> Failure:
    """Return the failure of a meeting."""
    return Failure(**({"app_id": "app", "meeting_id": meeting_id, "kind": kind, "message": "no answer"} | known))


def batch_of(
    seen: Sequence[Observation] = (),
    failures: Sequence[Failure] = (),
    invalid: Sequence[Failure] = (),
    *,
    idle: int = 0,
) -> Batch:
    """Return the batch of a run that fetched this."""
    idle_meetings = [Meeting("app", f"idle-{number}") for number in range(idle)]
    failed = [Meeting(str(failure.app_id), failure.meeting_id) for failure in failures]
    asked = [*(observation.meeting for observation in seen), *idle_meetings, *failed]
    counts = FetchCounts(
        meetings=len(asked),
        live=len(seen),
        idle=idle,
        failed=len(failures),
        requests=len(asked) + 2,
        retries=2,
        waited_seconds=1.5,
    )
    fetched = FetchResult(observations=list(seen), failures=list(failures), counts=counts)
    return normalize_snapshots(START, MeetingList(meetings=asked, invalid=list(invalid)), fetched, FINISHED_AT)


def rows(batch: Batch, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    return batch.frames[table].rows(named=True)


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory with the tables as all migrations make them."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name in sql_files.names("migrations"):
            connection.execute(sql_files.text(name))
        yield connection


# Frames


@pytest.mark.parametrize("table", SCHEMAS)
@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_frame_has_its_declared_schema_whatever_it_holds(table: str, size: int) -> None:
    """Columns have their types, even if all values are null or the table has no rows."""
    batch = batch_of(observations(*[payload()] * size), [failure("f")] * size, idle=size)
    assert dict(batch.frames[table].schema) == SCHEMAS[table]
    assert list(batch.frames) == list(SCHEMAS)


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_frame_has_the_columns_of_its_table(table: str) -> None:
    """Rows are inserted by name, so a missing column would always be null."""
    with database() as connection:
        columns = pl.DataFrame(connection.table(table)).columns
    assert sorted(SCHEMAS[table]) == sorted(columns)


def test_a_session_seen_is_a_row_with_its_run_slot_and_meeting() -> None:
    """The row has the fields of the payload, and the fields that only the run knows."""
    (row,) = rows(batch_of(observations(payload(minutes_consumed="2.5", unknown={"a": 1}))), "session_snapshots")
    assert row["run_id"] == START.run_id
    assert (row["slot"], row["observed_at"]) == (SLOT, SLOT)
    assert (row["app_id"], row["meeting_id"], row["session_id"]) == ("app", "m0", "session-1")
    assert (row["live_participants"], row["minutes_consumed"]) == (1, 2.5)
    assert row["started_at"] == datetime(2026, 11, 2, 11, tzinfo=UTC)
    assert json.loads(row["extra"]) == {"unknown": {"a": 1}}


def test_a_payload_does_not_decide_about_app_and_meeting() -> None:
    """App and meeting are those of the request, whatever the answer says."""
    hostile = payload(run_id="x", slot="x", app_id="x", meeting_id="x", observed_at="x", organization_id="y")
    (row,) = rows(batch_of(observations(hostile)), "session_snapshots")
    assert (row["run_id"], row["slot"], row["app_id"], row["meeting_id"]) == (START.run_id, SLOT, "app", "m0")
    assert set(json.loads(row["extra"])) == {"run_id", "slot", "app_id", "meeting_id", "observed_at"}


def test_a_failure_is_a_row_with_what_is_known() -> None:
    """Unknown values are null."""
    known: dict[str, Any] = {"http_status": 503, "api_code": 971, "attempts": 5, "cf_ray": "8f-FRA"}
    invalid = failure("a b", FailureKind.INVALID_ID, app_id=None, line=3, message="line 3: white space")
    asked, listed = rows(batch_of(failures=[failure("m", **known)], invalid=[invalid]), "fetch_failures")
    constant = {"run_id": START.run_id, "slot": SLOT}
    assert asked == constant | known | {
        "app_id": "app",
        "meeting_id": "m",
        "kind": "timeout",
        "message": "no answer",
        "line": None,
    }
    assert listed == constant | {"http_status": None, "api_code": None, "attempts": 0, "cf_ray": None} | {
        "app_id": None,
        "meeting_id": "a b",
        "kind": "invalid_id",
        "message": "line 3: white space",
        "line": 3,
    }


def test_the_entry_in_the_ledger_describes_the_run() -> None:
    """The row and the run of the batch have the same values."""
    batch = batch_of(
        observations(payload(), payload()), [failure("f")], [failure("a b", FailureKind.INVALID_ID)], idle=3
    )
    (row,) = rows(batch, "runs")
    assert row == {
        "run_id": START.run_id,
        "kind": "snapshot",
        "slot": SLOT,
        "via": "meetings",
        "account_id": "account",
        "list_id": batch.run.list_id,
        "started_at": START.started_at,
        "finished_at": FINISHED_AT,
        "meetings": 7,
        "live": 2,
        "idle": 3,
        "failed": 2,
        "requests": 8,
        "retries": 2,
        "waited_seconds": 1.5,
        "unlisted": None,
        "every_seconds": None,
        "tool_version": "0.1.0",
        "host": "here",
        "clock_note": None,
    }
    assert {name: getattr(batch.run, name) for name in row} == row


def test_the_list_is_every_meeting_asked_for() -> None:
    """The list has live, idle and failed meetings, but no lines that are not valid."""
    invalid = failure("a b", FailureKind.INVALID_ID, app_id=None)
    batch = batch_of(observations(payload()), [failure("f")], [invalid], idle=1)
    assert [row["meeting_id"] for row in rows(batch, "meeting_lists")] == ["m0", "idle-0", "f"]
    assert {row["list_id"] for row in rows(batch, "meeting_lists")} == {batch.run.list_id}


def test_a_run_by_the_list_says_how_many_live_sessions_were_not_asked_about() -> None:
    """Without such sessions it is zero. A run by meeting can't know, so it is null."""
    strangers = {Meeting("app", "x"), Meeting("app", "y")}
    found = FetchResult(counts=FetchCounts(), via="list", unlisted=strangers)
    unlisted = [
        normalize_snapshots(START, MeetingList(meetings=[]), fetched, FINISHED_AT).run.unlisted
        for fetched in (found, replace(found, unlisted=set()), replace(found, via="meetings", unlisted=set()))
    ]
    assert unlisted == [2, 0, None]


def test_a_run_of_all_meetings_has_no_list_but_a_name_for_it() -> None:
    """The list ID in the ledger names the app. Live and failed meetings are counted."""
    fetched = FetchResult(
        observations=observations(payload()),
        failures=[failure("*")],
        counts=FetchCounts(meetings=2, live=1, failed=1),
        via="list",
    )
    batch = normalize_snapshots(START, MeetingList(meetings=[], all_of="app"), fetched, FINISHED_AT)
    assert (batch.run.list_id, batch.run.meetings, batch.run.live, batch.run.failed) == ("all:app", 2, 1, 1)
    assert rows(batch, "meeting_lists") == []


# The list's name


def test_the_same_meetings_in_another_order_are_the_same_list() -> None:
    """The ID depends on the content only."""
    meetings = [Meeting("app", "a"), Meeting("app", "b"), Meeting("other", "a")]
    assert len({compute_list_id(order) for order in itertools.permutations(meetings)}) == 1


@pytest.mark.parametrize(
    "other",
    [
        [],
        [Meeting("app", "a")],
        [Meeting("app", "a"), Meeting("other", "b")],
        [Meeting("app", "a"), Meeting("app", "b"), Meeting("app", "c")],
        [Meeting("app", "ab")],
        [Meeting("ap", "pa"), Meeting("app", "b")],
        [Meeting("a", "app"), Meeting("b", "app")],
    ],
)
def test_another_list_has_another_name(other: list[Meeting]) -> None:
    """The other list has one meeting more, one less, or one in another app."""
    assert compute_list_id(other) != compute_list_id([Meeting("app", "a"), Meeting("app", "b")])


# Payloads that can't be parsed


def test_a_payload_that_cant_be_parsed_is_a_failure_and_the_rest_are_rows() -> None:
    """The message names the field and quotes the beginning of the payload. The failure has its meeting."""
    seen = observations(payload("a"), payload("b", minutes_consumed="lots"), payload("c"))
    batch = batch_of(seen)
    malformed = batch.first_failures[FailureKind.MALFORMED]
    assert [row["session_id"] for row in rows(batch, "session_snapshots")] == ["a", "c"]
    assert (malformed.app_id, malformed.meeting_id) == ("app", "m1")
    assert (malformed.kind, malformed.http_status) == (FailureKind.MALFORMED, 200)
    assert malformed.message == f"minutes_consumed is not a number but text: {json.dumps(seen[1].payload)[:200]}"


def test_a_malformed_payload_is_counted_as_failed_not_as_live() -> None:
    """The fetch saw a session, but its payload can't be parsed."""
    batch = batch_of(observations(payload(), {}), [failure("f")], idle=2)
    assert (batch.run.meetings, batch.run.live, batch.run.idle, batch.run.failed) == (5, 1, 2, 2)
    assert batch.failures == {FailureKind.TIMEOUT: 1, FailureKind.MALFORMED: 1}


def test_failures_are_counted_by_kind_the_commonest_first() -> None:
    """The batch has the first failure of each kind."""
    kinds = [FailureKind.TIMEOUT, FailureKind.NOT_FOUND, FailureKind.NOT_FOUND]
    batch = batch_of(failures=[failure(f"f{number}", kind) for number, kind in enumerate(kinds)])
    assert list(batch.failures.items()) == [(FailureKind.NOT_FOUND, 2), (FailureKind.TIMEOUT, 1)]
    assert {kind: first.meeting_id for kind, first in batch.first_failures.items()} == {
        FailureKind.TIMEOUT: "f0",
        FailureKind.NOT_FOUND: "f1",
    }


def test_a_payload_that_can_not_even_be_quoted_is_malformed() -> None:
    """The payload is nested too deeply to be written as JSON."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    batch = batch_of(observations(payload(minutes_consumed=None, meta=deep)))
    assert batch.first_failures[FailureKind.MALFORMED].message.endswith(": nested too deeply")


@pytest.mark.parametrize("started_at", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_start_that_can_not_be_a_real_instant_is_malformed(started_at: str) -> None:
    """A duration would be false with it."""
    batch = batch_of(observations(payload(), payload(started_at=started_at)))
    assert (batch.run.live, batch.failures) == (1, {FailureKind.MALFORMED: 1})
    message = batch.first_failures[FailureKind.MALFORMED].message
    assert message.startswith("started_at is not between 2000 and 2100: {")


@pytest.mark.parametrize(
    "changes",
    [
        {"updated_at": "0001-01-01T00:00:00Z"},
        {"created_at": "unknown"},
        {"ended_at": 7},
        {"meeting_display_name": ["Weekly"]},
        {"unknown": math.inf},
    ],
)
def test_a_side_field_that_cant_be_read_costs_no_row(changes: dict[str, Any]) -> None:
    """The column is null, and `extra` has the value."""
    batch = batch_of(observations(payload(**changes)))
    (row,) = rows(batch, "session_snapshots")
    assert (batch.run.live, batch.run.failed) == (1, 0)
    assert set(json.loads(row["extra"])) == set(changes)
    assert all(row.get(field) is None for field in changes)


def test_a_message_holds_no_token_that_a_payload_quotes() -> None:
    """The token is masked before the message is cut, so that no part of it is left at the end."""
    token = "secret/token+1"  # noqa: S105  # of no API
    mask = ApiSettings(token=token, account_id="a").mask
    for length in range(150, 220):
        seen = observations({"id": "x" * length + token})
        fetched = FetchResult(observations=seen, counts=FetchCounts(meetings=1))
        listed = MeetingList(meetings=[one.meeting for one in seen])
        batch = normalize_snapshots(START, listed, fetched, FINISHED_AT, mask=mask)
        assert "sec" not in batch.first_failures[FailureKind.MALFORMED].message


# Properties

HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, -1, -0.0, 1.5, 2**31, 2**63, 10**400, 1e308, math.nan, math.inf, -math.inf),
        *("", "null", "0", "7", "1.", ".5", "1e5", "-0", "\N{ARABIC-INDIC DIGIT THREE}", "\ud800", "a\x00b", "9" * 400),
        *("2026-11-02T11:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-11-02"),
        *([], {}, [[[[]]]], {"a": math.nan}, {"\ud800": {"\x00": "\udfff"}}),
    ]
)
ANY_TEXT = st.text(st.characters(), max_size=8)  # with half surrogate pairs, as JSON may have
ANY_JSON = st.recursive(
    HOSTILE | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*payload(), "ended_at", "breakout_rooms", "meta", "extra", "run_id", "slot"])
ANY_PAYLOAD = st.dictionaries(FIELDS | ANY_TEXT, ANY_JSON, max_size=4)
# Most changes to a good payload leave it good, so that rows and failures are both met.
CHANGED_PAYLOAD = ANY_PAYLOAD.map(lambda changes: payload() | changes)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(ANY_PAYLOAD | CHANGED_PAYLOAD, max_size=5), st.integers(0, 3))
@example([payload(unknown=math.inf)], 0)
@example([payload(created_at="0001-01-01T00:00:00+05:00")], 0)
def test_any_json_is_a_typed_row_or_a_failure(payloads: list[dict[str, Any]], idle: int) -> None:
    """There is no other exception. Live, idle and failed add up to the meetings."""
    batch = batch_of(observations(*payloads), idle=idle)
    seen = [row["meeting_id"] for table in ("session_snapshots", "fetch_failures") for row in rows(batch, table)]
    assert sorted(seen) == [f"m{number}" for number in range(len(payloads))]
    assert batch.run.live + batch.run.idle + batch.run.failed == batch.run.meetings == len(payloads) + idle
    assert {table: dict(frame.schema) for table, frame in batch.frames.items()} == SCHEMAS
    assert all(row["kind"] == "malformed" and row["message"].isascii() for row in rows(batch, "fetch_failures"))


def stored(batch: Batch, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Load a batch through Parquet into a real database, and return its rows."""
    with database() as connection:
        for table, frame in batch.frames.items():
            file = folder / f"{table}.parquet"
            frame.write_parquet(file)
            connection.execute(f"insert into {table} by name select * from read_parquet($file)", {"file": str(file)})  # noqa: S608  # a table of ours
        return {table: pl.DataFrame(connection.table(table)).rows(named=True) for table in batch.frames}


def with_json_read(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parse the JSON columns of some rows."""
    return [
        row | {column: json.loads(row[column]) for column in JSON_COLUMNS if row.get(column) is not None}
        for row in found
    ]


@settings(deadline=None, max_examples=30)  # each opens a database
@given(st.lists(CHANGED_PAYLOAD, min_size=1, max_size=4))
@example([payload(meta={"n": 10**400, "z": -0.0, "k\x00": "\x00"}, unknown=[[]] * 300, minutes_consumed=5e-324)])
def test_every_row_is_stored_as_it_was_typed(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[dict[str, Any]]
) -> None:
    """The tables accept every typed row and return it unchanged, so no row can block a load."""
    invalid = [failure("a b", FailureKind.INVALID_ID, app_id=None, line=2**40)]
    batch = batch_of(observations(*payloads), invalid=invalid)
    back = stored(batch, tmp_path_factory.mktemp("stored"))
    for table in SCHEMAS:
        assert with_json_read(back[table]) == with_json_read(rows(batch, table))


PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None, max_examples=30)  # each opens a database
@given(
    st.text(min_size=1).filter(lambda text: "\ufffd" not in text),
    st.floats(0, 1e11),
    st.integers(0, 2**31 - 1),
    st.datetimes(datetime(2000, 1, 3), datetime(2099, 12, 29), timezones=ZONES),  # noqa: DTZ001  # hypothesis adds the zone
    PLAIN_JSON.filter(lambda value: value is not None),
)
def test_what_the_api_says_is_what_the_database_says(  # noqa: PLR0913, PLR0917  # a kind of value each
    tmp_path_factory: pytest.TempPathFactory, text: str, minutes: float, count: int, instant: datetime, value: Any
) -> None:
    """Text, number, instant and JSON stay the same from the payload to the table."""
    session = payload(text, minutes_consumed=minutes, live_participants=str(count), meta=value, unknown=value)
    session["started_at"] = instant.isoformat()
    back = stored(batch_of(observations(session)), tmp_path_factory.mktemp("said"))
    (row,) = with_json_read(back["session_snapshots"])
    assert (row["session_id"], row["minutes_consumed"], row["live_participants"]) == (text, minutes, count)
    assert row["started_at"] == instant
    assert (row["meta"], row["extra"]) == (value, {"unknown": value})
