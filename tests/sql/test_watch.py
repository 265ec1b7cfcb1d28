"""The queries of `check`: they read what is stored, of all apps or of one, and nothing of the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl.reports.periods import Period
from etl.values.meetings import Meeting
from etl.watch.state import DayUsage, FailureCount, LiveNow, Question, read_stored_state

if TYPE_CHECKING:
    from etl.watch.state import StoredState
    from tests.sql.rows import Usage

UUID = "00000000-0000-0000-0000-000000000001"
STEP, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def now() -> datetime:
    """The present slot. Views compare with the clock of the database, which can't be moved."""
    at = datetime.now(UTC).replace(second=0, microsecond=0)
    return at - timedelta(minutes=at.minute % 5)


def read(usage: Usage, now: datetime, **changes: object) -> StoredState:
    """Read the state of the last day."""
    usage.write()
    usual = {
        "database": Path("usage.duckdb"),
        "period": Period(since=now - DAY, until=now, tz="UTC"),
        "app_id": None,
        "now": now,
        "list_id": None,
        "window_seconds": 300.0,
    }
    return read_stored_state(usage.connection, Question(**usual | changes))  # type: ignore[arg-type]  # as above


def test_an_empty_database(usage: Usage, now: datetime) -> None:
    """Nothing is there, and nothing is missing."""
    state = read(usage, now)
    assert (state.last_run, state.newest_snapshots, state.list_ids, state.spent) == (None, [], [], [])
    assert (state.history.first_slot, state.history.reconciled_at, state.history.stored_rows) == (None, None, 0)
    assert (state.coverage.slots, state.coverage.failures) == (0, [])
    assert state.live == LiveNow(slot=None, sessions=0, participants=0, other_sessions=0)
    assert state.today == state.week_ago == DayUsage(minutes=0, sessions=0)
    assert [result.name for result in state.checks if not result.is_passed] == []


def test_a_day_of_snapshots(usage: Usage, now: datetime) -> None:
    """Slots without a run and outcomes that no run learned are counted. The slot under way is not missing yet."""
    gaps = [now - HOUR, now - 2 * HOUR]
    usage.runs(now - DAY, now - STEP, without=gaps, meetings=["m", "n"])
    usage.run(now - 3 * HOUR, meetings=["m", "n", "o"], failed=["o", "n"])
    usage.run(now + HOUR)
    usage.run(now - HOUR / 2, kind="reconcile", list_id="")
    usage.observed(now - STEP, 9.0, started_at=now - 2 * STEP, live_participants=4)
    usage.observed(now - STEP, 9.0, "t", started_at=now - HOUR, type="livestream", meeting_id="n")
    state = read(usage, now)
    assert (state.coverage.slots, state.coverage.missing_slots) == (287, 2)
    assert (state.coverage.unknown_outcomes, state.coverage.until) == (2, now - STEP)
    assert state.coverage.failures == [FailureCount(kind="timeout", failures=2, meeting_id="o", message="late")]
    assert state.live == LiveNow(slot=now - STEP, sessions=1, participants=4, other_sessions=1)
    assert state.last_run
    assert (state.last_run.kind, state.last_run.slot) == ("snapshot", now - STEP)
    assert (state.history.first_slot, state.history.reconciled_at) == (now - DAY, now - HOUR / 2)
    assert [one.slot for one in state.newest_snapshots] == [now - STEP]


def test_only_one_app(usage: Usage, now: datetime) -> None:
    """Snapshots, coverage, failures, what is live and what was booked are those of the app."""
    usage.runs(now - HOUR, now - STEP)
    usage.runs(now - HOUR, now - STEP, app="other", meetings=["x"], failed=["x"])
    usage.observed(now - STEP, 5.0, started_at=now - STEP)
    usage.observed(now - STEP, 7.0, "t", app_id="other", meeting_id="x", started_at=now - STEP)
    state = read(usage, now, app_id="app")
    assert [one.app_id for one in state.newest_snapshots] == ["app"]
    assert (state.coverage.unknown_outcomes, state.coverage.failures, state.live.sessions) == (0, [], 1)


def test_a_run_by_hand_does_not_change_the_schedule(usage: Usage, now: datetime) -> None:
    """The step is what a run states, else the most frequent gap. One slot alone has none, nor have two trials."""
    minute = timedelta(minutes=1)
    usage.runs(now - 5 * HOUR, now - HOUR, every=3600)
    usage.run(now - HOUR + minute, every=None)
    usage.runs(now - 3 * HOUR, now, every=None, app="unstated", meetings=["u"])
    usage.run(now - 2 * minute, every=None, app="unstated", meetings=["u"])
    usage.run(now - HOUR, every=None, app="alone", meetings=["a"])
    for seconds in (0, 20):
        usage.run(now - HOUR + timedelta(seconds=seconds), every=None, app="trial", meetings=["t"])
    usage.run(now - HOUR, list_id="all:whole")
    usage.run(now - 8 * DAY, app="gone", meetings=["g"])
    usage.write()
    newest = {one.app_id: (one.slot, one.step_seconds) for one in read(usage, now).newest_snapshots}
    assert newest == {
        "app": (now - HOUR + minute, 3600),
        "unstated": (now, 300),
        "alone": (now - HOUR, None),
        "trial": (now - HOUR + timedelta(seconds=20), None),
        "whole": (now - HOUR, 300),
    }
    usage.connection.execute("update runs set failed = 1 where slot > $1", [now - HOUR])
    assert {one.app_id: one.slot for one in read(usage, now, app_id="app").newest_snapshots} == {"app": now - HOUR}


def test_a_run_in_which_everything_failed_is_not_good(usage: Usage, now: datetime) -> None:
    """A reconciliation that failed for some sessions is. Failures are counted by kind, the most frequent first."""
    usage.run(now - 2 * HOUR, kind="reconcile", list_id="")
    usage.run(now - HOUR, kind="reconcile", list_id="")
    for number, kind in enumerate(["timeout", "not_found", "not_found", "invalid_id"]):
        failure = {"run_id": UUID, "slot": now - HOUR - number * STEP, "app_id": "app", "meeting_id": f"m{number}"}
        usage.add("fetch_failures", failure | {"kind": kind, "message": "why", "attempts": 1})
    usage.write()
    usage.connection.execute("update runs set failed = 1, meetings = 0 where slot = $1", [now - HOUR])
    state = read(usage, now)
    assert state.history.reconciled_at == now - 2 * HOUR
    assert [(one.kind, one.failures, one.meeting_id) for one in state.coverage.failures] == [
        ("not_found", 2, "m1"),
        ("timeout", 1, "m0"),
    ]
    usage.connection.execute("update runs set meetings = 2 where slot = $1", [now - HOUR])
    assert read(usage, now).history.reconciled_at == now - HOUR


def test_outcomes_of_a_whole_app_belong_to_it(usage: Usage, now: datetime) -> None:
    """They have no list. Erased runs and reconciliations have no outcomes of meetings."""
    usage.run(now - HOUR, list_id="all:app")
    usage.run(now - HOUR, list_id="all:other")
    usage.run(now - HOUR, kind="erased")
    usage.write()
    usage.connection.execute("update runs set live = 2, idle = 3")
    usage.observed(now - HOUR, 1.0, started_at=now - HOUR)
    usage.observed(now - HOUR, 1.0, "t", app_id="other", started_at=now - HOUR)
    assert read(usage, now, app_id="app").coverage.known_outcomes == 5
    state = read(usage, now)
    assert (state.coverage.known_outcomes, state.live.slot) == (10, now - HOUR)
    assert state.history.recent_rows == 4
    assert state.history.stored_rows == 2
    assert state.last_run
    assert state.last_run.kind == "snapshot"


def test_minutes_are_compared_up_to_the_same_time_of_the_day(usage: Usage) -> None:
    """They are those that snapshots saw booked, so that both days are counted alike."""
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    for day, factor in ((noon - 7 * DAY, 1), (noon, 2)):
        midnight = day.replace(hour=0)
        usage.observed(midnight - STEP, 10.0, f"night {day}", started_at=midnight - HOUR / 2)
        usage.observed(midnight, 15.0, f"night {day}", started_at=midnight - HOUR / 2)
        usage.observed(day - HOUR, 30.0 * factor, f"day {day}", started_at=day - 2 * HOUR)
        usage.observed(day - HOUR, 8.0, f"late {day}", started_at=midnight - 5 * HOUR)
        usage.observed(day - STEP, 9.0, f"late {day}", started_at=midnight - 5 * HOUR)
        usage.observed(day, 99.0, f"after {day}", started_at=day - HOUR)
        usage.observed(day - STEP, 99.0, f"stream {day}", started_at=day - HOUR, type="livestream")
    state = read(usage, noon)
    assert state.today == DayUsage(minutes=5 + 60 + 1, sessions=1)
    assert state.week_ago == DayUsage(minutes=5 + 30 + 1, sessions=1)
    usage.run(noon)
    assert read(usage, noon, app_id="app").today == state.today
    in_berlin = read(usage, noon, period=Period(since=noon - DAY, until=noon, tz="Europe/Berlin"))
    assert in_berlin.today == DayUsage(minutes=15 + 60 + 1, sessions=2)


def test_the_present_list_is_sought_among_the_recent_ones(usage: Usage, now: datetime) -> None:
    """Another list is compared with the newest one. Lists of more than a week ago and of whole apps are not."""
    usage.run(now - 8 * DAY, meetings=["old"])
    usage.run(now - 2 * STEP, meetings=["a"])
    usage.run(now - STEP, meetings=["b", "c"])
    known = read(usage, now, list_id="app: ['a']")
    assert (known.list_ids, known.last_meetings) == (["app: ['b', 'c']", "app: ['a']"], None)
    assert read(usage, now, list_id="new").last_meetings == {Meeting("app", "b"), Meeting("app", "c")}
    assert read(usage, now).last_meetings is None
    usage.run(now, list_id="all:app")
    assert read(usage, now, list_id="new").last_meetings is None


def test_requests_of_the_window_are_spent(usage: Usage, now: datetime) -> None:
    """A run that ended later than now counts, too, as the clock may have been set back."""
    usage.run(now - 2 * STEP)
    usage.run(now - timedelta(minutes=4))
    usage.run(now + timedelta(minutes=4))
    assert [one.finished_at for one in read(usage, now).spent] == [
        now - timedelta(minutes=4),
        now + timedelta(minutes=4),
    ]
