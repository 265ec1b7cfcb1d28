"""A wrong clock is logged and noted in the ledger, and what was fetched is kept. No slot lies in the future."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import RELEASED_AT
from etl.errors import ConfigError
from etl.jobs.clock import describe_wrong_clock
from etl.jobs.prepare import plan_snapshot
from etl.jobs.reconcile import reconcile_sessions
from etl.jobs.snapshot import take_snapshot
from etl.realtimekit.limit.server_clock import measure_clock_ahead, nearest_to_zero
from etl.settings import Limits, Rate, ReconcileSettings
from etl.store.database import open_database
from etl.values.run import RunContext
from tests.conftest import START
from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from etl.settings import SnapshotSettings
    from tests.conftest import Api

    Settings = Callable[..., SnapshotSettings]

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
NEVER_RELEASED = datetime(1, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def clock(at: datetime, *, released_at: datetime | None = NEVER_RELEASED) -> RunContext:
    """Return a context whose clock stands still."""
    return RunContext(now=lambda: at, sleep=asyncio.sleep, released_at=released_at)


def ahead(length: timedelta) -> RunContext:
    """Return a context whose clock is so far ahead of this machine's, and so of the simulator's Date header."""
    return RunContext(now=lambda: datetime.now(UTC) + length, sleep=asyncio.sleep, released_at=NEVER_RELEASED)


def notes(database: Path) -> list[str | None]:
    """Return the notes on clocks in the ledger, in the order of the runs' starts."""
    with open_database(database) as connection:
        ledger = pl.DataFrame(connection.sql("select clock_note from runs order by started_at"))
    return ledger["clock_note"].to_list()


def describe(
    at: datetime,
    *,
    released_at: datetime = NEVER_RELEASED,
    newest_run_at: datetime | None = None,
    ahead_seconds: float | None = None,
) -> str | None:
    """Describe a clock that is compared with nothing but what the test names."""
    return describe_wrong_clock(at, released_at=released_at, newest_run_at=newest_run_at, ahead_seconds=ahead_seconds)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (timedelta(days=1), r"1 day, 0:00:0\d ahead of the API's clock"),
        (timedelta(minutes=-5), r"0:0(4:5\d|5:00) behind the API's clock"),
    ],
)
def test_a_clock_that_differs_from_the_date_header_is_logged_once_and_noted(
    api: Api, snapshot_settings: Settings, caplog: pytest.LogCaptureFixture, wrong: timedelta, expected: str
) -> None:
    """The run keeps its rows. The warning has both times, and says what to do."""
    settings = snapshot_settings(api, slot=None)
    summary = asyncio.run(take_snapshot(settings, ahead(wrong)))
    (note,) = notes(settings.database)
    assert note is not None
    assert re.search(expected, note)
    (warning,) = [record.getMessage() for record in caplog.records if "clock" in record.getMessage()]
    assert warning.startswith(note)
    assert "NTP" in warning
    assert f"{summary.run.started_at:%Y-%m-%dT%H:%M:%SZ}" in warning
    assert f"{datetime.now(UTC):%Y-%m-%dT%H:}" in warning
    assert summary.run.live > 0
    assert summary.load_result.rows


def test_a_right_clock_has_no_note(api: Api, snapshot_settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """The clock of the process is the one of the simulator's Date header, after the release of this version."""
    context = RunContext(now=lambda: datetime.now(UTC), sleep=asyncio.sleep, released_at=RELEASED_AT)
    settings = snapshot_settings(api, slot=None)
    asyncio.run(take_snapshot(settings, context))
    assert notes(settings.database) == [None]
    assert "clock" not in caplog.text


def test_a_simulated_clock_is_not_checked(api: Api, snapshot_settings: Settings) -> None:
    """The clock of the demo differs from the Date header by days, on purpose."""
    settings = snapshot_settings(api)
    asyncio.run(take_snapshot(settings, api.context()))
    assert notes(settings.database) == [None]


def test_a_clock_of_1970_is_noted_although_nothing_answers(api: Api, snapshot_settings: Settings) -> None:
    """No certificate is valid yet by such a clock. The failures are stored, and the note says why."""
    settings = snapshot_settings(api, slot=None)
    dead = settings.api.base_url.rpartition(":")[0] + ":9/client/v4"
    settings = snapshot_settings(api, slot=None, api=api.settings(base_url=dead, attempts=1))
    asyncio.run(take_snapshot(settings, clock(datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC), released_at=RELEASED_AT)))
    assert notes(settings.database) == [
        "the clock shows 1970-01-01T00:00:07Z, which is before the release of this version (2026-11-23T00:00:00Z)"
    ]


def test_a_clock_more_than_a_day_before_the_newest_run_is_noted(snapshot_settings: Settings, api: Api) -> None:
    """The API sends no Date header. A day is allowed, and a second more is not."""
    with answering(b'{"success": false, "error": {"code": 404, "message": "No active session found"}}', status=404) as (
        server
    ):
        settings = snapshot_settings(api, slot=None, api=api.settings(base_url=server.base_url))
        for at in (NOW, NOW - DAY, NOW - DAY - SECOND):
            asyncio.run(take_snapshot(settings, clock(at)))
    too_old, *others = notes(settings.database)
    assert others == [None, None]
    assert too_old == (
        "the clock shows 2027-02-28T11:59:59Z, which is more than a day before the newest run of the database "
        "(2027-03-01T12:00:00Z)"
    )


def test_a_run_with_a_note_is_no_evidence_against_a_right_clock(api: Api, snapshot_settings: Settings) -> None:
    """A run with a clock ten days ahead is noted. The next run has a right clock, and no note."""
    settings = snapshot_settings(api, slot=None)
    for length in (10 * DAY, timedelta()):
        asyncio.run(take_snapshot(settings, ahead(length)))
    right, wrong = notes(settings.database)
    assert right is None
    assert wrong is not None


def test_a_reconciliation_notes_its_clock_as_well(api: Api, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its clock is an hour ahead."""
    database = tmp_path / "usage.duckdb"
    settings = ReconcileSettings(api=api.settings(), app_id=api.world.app_id, database=database, since=START)
    asyncio.run(reconcile_sessions(settings, ahead(timedelta(hours=1))))
    (note,) = notes(database)
    assert note is not None
    assert re.search(r"1:00:0\d ahead of the API's clock", note)
    assert caplog.text.count("ahead of the API's clock") == 1


@pytest.mark.parametrize(
    ("seconds", "is_noted"), [(0, False), (60, False), (-60, False), (61, True), (-61, True), (None, False)]
)
def test_clocks_may_differ_by_a_minute(seconds: float | None, *, is_noted: bool) -> None:
    """A minute is allowed in both directions."""
    assert (describe(NOW, ahead_seconds=seconds) is not None) is is_noted


def test_all_reasons_are_in_the_note() -> None:
    """The clock of a machine without a battery shows 2020."""
    at = datetime(2020, 1, 1, tzinfo=UTC)
    behind = (at - NOW).total_seconds()
    assert describe(at, released_at=RELEASED_AT, newest_run_at=NOW, ahead_seconds=behind) == (
        "the clock shows 2020-01-01T00:00:00Z, which is before the release of this version (2026-11-23T00:00:00Z), and "
        "more than a day before the newest run of the database (2027-03-01T12:00:00Z), and "
        "2616 days, 12:00:00 behind the API's clock (2027-03-01T12:00:00Z)"
    )


@given(
    wrong=st.timedeltas(-400 * DAY, 400 * DAY),
    latency=st.timedeltas(timedelta(), 10 * SECOND),
    part=st.floats(0, 1),
)
def test_the_difference_of_clocks_is_exact_to_the_time_of_an_answer(
    wrong: timedelta, latency: timedelta, part: float
) -> None:
    """The API writes its date, in whole seconds, at some instant between request and response."""
    date = NOW + part * latency
    sent_at, received_at = NOW + wrong, NOW + wrong + latency
    headers = {"date": format_datetime(date.replace(microsecond=0), usegmt=True)}
    measured = measure_clock_ahead(headers, sent_at=sent_at.timestamp(), received_at=received_at.timestamp())
    assert measured is not None
    assert abs(measured - wrong.total_seconds()) <= latency.total_seconds() + 1.001
    assert abs(measured) <= abs(wrong.total_seconds()) + 1.001


@pytest.mark.parametrize("date", ["", "today", "Mon, 23 Nov 2026 99999999999:00:00 GMT", "Mon, 23 Nov 20260 12:00 GMT"])
def test_a_date_header_that_is_not_valid_proves_nothing(date: str) -> None:
    """The same holds for a response without the header."""
    assert measure_clock_ahead({"date": date}, sent_at=0.0, received_at=1.0) is None
    assert measure_clock_ahead({}, sent_at=0.0, received_at=1.0) is None


def test_one_response_with_the_right_time_proves_that_a_clock_is_right() -> None:
    """A cache may answer with an old date."""
    assert nearest_to_zero(None, 3600.0) == 3600.0
    assert nearest_to_zero(3600.0, -0.5) == -0.5
    assert nearest_to_zero(-0.5, None) == -0.5
    assert nearest_to_zero(None, None) is None


@pytest.mark.parametrize("length", [61 * SECOND, timedelta(hours=1), 400 * DAY])
def test_a_slot_in_the_future_is_refused_before_the_first_request(
    api: Api, snapshot_settings: Settings, length: timedelta
) -> None:
    """Nothing is written. The message has the slot and the clock."""
    settings = snapshot_settings(api, slot=START + length)
    settings.database.unlink()
    with pytest.raises(ConfigError, match=r"--slot .* is in the future: .*2026-11-02T12:00:00\+00:00"):
        asyncio.run(take_snapshot(settings, api.context()))
    with pytest.raises(ConfigError, match="is in the future"):
        plan_snapshot(settings, START)
    assert not settings.database.exists()
    assert api.app.state.requests == 0


def test_a_slot_a_minute_ahead_is_a_matter_of_clocks(api: Api, snapshot_settings: Settings) -> None:
    """A scheduler on another machine may be a few seconds early."""
    settings = snapshot_settings(api, slot=START + MINUTE)
    assert asyncio.run(take_snapshot(settings, api.context())).run.slot == START + MINUTE


def test_requests_of_a_run_from_the_future_do_not_hold_up_later_runs(api: Api, snapshot_settings: Settings) -> None:
    """A run by a clock of tomorrow spends 40 of 60 requests. The next run has a right clock, and does not wait."""
    limits = Limits(stated=Rate(requests=60, seconds=300.0), reserve=0.0)
    settings = snapshot_settings(api, slot=None, via="meetings", api=api.settings(limits=limits))
    api.clock.advance(DAY)
    asyncio.run(take_snapshot(settings, api.context()))
    api.clock.advance(-DAY)
    assert plan_snapshot(settings, api.clock.now()).spent == 0
    second = asyncio.run(take_snapshot(settings, api.context()))
    assert (second.plan.spent, second.run.waited_seconds) == (0, 0)


def test_requests_count_after_the_clock_was_set_back_a_little(api: Api, snapshot_settings: Settings) -> None:
    """The clock goes back by a minute, right after a run of 40 requests: the API still counts these."""
    limits = Limits(stated=Rate(requests=60, seconds=300.0), reserve=0.0)
    settings = snapshot_settings(api, slot=None, via="meetings", api=api.settings(limits=limits))
    asyncio.run(take_snapshot(settings, api.context()))
    api.clock.advance(-MINUTE)
    assert plan_snapshot(settings, api.clock.now()).spent == 40
