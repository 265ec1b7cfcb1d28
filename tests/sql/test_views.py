"""The views: what their rows mean."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from etl.errors import FailureKind
from etl.store.load import load_runs
from etl.values.meetings import Failure
from tests.samples import SLOT, open_copy, stage_run
from tests.sql.rows import utc

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from etl.values.run import StagedRun
    from tests.sql.rows import Usage

LOST = Failure(app_id="app", meeting_id="b", kind=FailureKind.TIMEOUT, message="late")


def outcomes(tmp_path: Path, *runs: StagedRun) -> list[tuple[Any, ...]]:
    """The outcomes of some runs: slot, meeting, outcome and kind of failure."""
    with open_copy(tmp_path / "usage.duckdb") as connection:
        load_runs(connection, runs)
        query = "select slot, meeting_id, outcome, failure_kind from outcomes order by run_id, meeting_id"
        return pl.DataFrame(connection.sql(query)).rows()


def test_a_meeting_is_live_idle_or_failed(tmp_path: Path) -> None:
    """Idle is what the list holds and neither of the others."""
    assert outcomes(tmp_path, stage_run(tmp_path, live=["a"], failures=[LOST], idle=["c"])) == [
        (SLOT, "a", "live", None),
        (SLOT, "b", "failed", "timeout"),
        (SLOT, "c", "idle", None),
    ]


def test_a_failure_belongs_to_the_meeting_of_its_own_app(usage: Usage) -> None:
    """Two apps of one list have a meeting of the same ID. The one fails, the other is live."""
    usage.run("2026-11-02 12:00", meetings="a", failed=["a"])
    usage.add("meeting_lists", {"list_id": "app: ['a']", "app_id": "other", "meeting_id": "a"})
    usage.observed("2026-11-02 12:00", 5, app_id="other", meeting_id="a")
    usage.write()
    usage.connection.execute("update session_snapshots set run_id = (select run_id from runs)")
    assert usage.ask("select app_id, outcome, failure_kind from outcomes order by app_id") == [
        ("app", "failed", "timeout"),
        ("other", "live", None),
    ]


def test_a_meeting_has_an_outcome_in_every_run_that_asked(tmp_path: Path) -> None:
    """Runs of the same list, of which only the first found somebody."""
    later = SLOT + timedelta(hours=1)
    first = stage_run(tmp_path, live=["a"], idle=["b"])
    second = stage_run(tmp_path, live=[], idle=["a", "b"], slot=later)
    assert outcomes(tmp_path, first, second) == [
        (SLOT, "a", "live", None),
        (SLOT, "b", "idle", None),
        (later, "a", "idle", None),
        (later, "b", "idle", None),
    ]


def test_a_meeting_that_the_slot_already_held_is_live_for_the_run_that_asked_again(tmp_path: Path) -> None:
    """Its row was dropped at the load: that does not make it idle."""
    runs = [
        stage_run(tmp_path, live=["a"], idle=[]),
        stage_run(tmp_path, live=["a"], idle=[]),
    ]
    assert [outcome for _, _, outcome, _ in outcomes(tmp_path, *runs)] == ["live", "live"]


def test_what_a_later_run_of_the_slot_saw_changes_nothing_for_an_earlier_one(tmp_path: Path) -> None:
    """Each run's outcomes are those of its ledger entry."""
    runs = [
        stage_run(tmp_path, live=["a"], idle=["b"]),
        stage_run(tmp_path, live=["a", "b"], idle=[]),
    ]
    with open_copy(tmp_path / "usage.duckdb") as connection:
        load_runs(connection, runs)
        query = """
            select count(*) filter (outcomes.outcome = 'live') - any_value(runs.live)
            from outcomes join runs using (run_id)
            group by run_id
        """
        assert pl.DataFrame(connection.sql(query)).rows() == [(0,), (0,)]


def test_a_line_that_is_no_id_has_an_outcome_too(tmp_path: Path) -> None:
    """Such a line is outside the list, but it is a failed outcome."""
    invalid = Failure(app_id=None, meeting_id="two words", kind=FailureKind.INVALID_ID, message="line 3", line=3)
    run = stage_run(tmp_path, live=[], idle=["a"])
    bad = pl.DataFrame(
        {"run_id": [run.run_id], "slot": [SLOT], "meeting_id": [invalid.meeting_id], "kind": ["invalid_id"]}
    ).with_columns(pl.lit("line 3").alias("message"), pl.lit(0).alias("attempts"), pl.lit(3).alias("line"))
    bad.write_parquet(run.directory / "fetch_failures.parquet")
    assert outcomes(tmp_path, run) == [
        (SLOT, "a", "idle", None),
        (SLOT, "two words", "failed", "invalid_id"),
    ]


def stage_all(tmp_path: Path, live: list[str], *failures: Failure, slot: datetime = SLOT) -> StagedRun:
    """Stage a run that asked for all live sessions of the app."""
    return stage_run(tmp_path, live=live, idle=[], failures=failures, slot=slot, all_of="app")


def test_a_run_of_all_meetings_has_an_outcome_for_each_that_was_live(tmp_path: Path) -> None:
    """And a failed one, of the meeting *, where it could not see all; nobody is idle."""
    whole = stage_all(tmp_path, ["a", "b"], slot=SLOT - timedelta(hours=1))
    part = stage_all(tmp_path, ["a"], replace(LOST, meeting_id="*"))
    assert outcomes(tmp_path, whole, part) == [
        (SLOT - timedelta(hours=1), "a", "live", None),
        (SLOT - timedelta(hours=1), "b", "live", None),
        (SLOT, "*", "failed", "timeout"),
        (SLOT, "a", "live", None),
    ]


def test_a_second_run_of_all_meetings_counts_what_its_slot_held_already(tmp_path: Path) -> None:
    """Its rows were dropped at the load; what only the second saw changes nothing for the first."""
    runs = [stage_all(tmp_path, ["a"], replace(LOST, meeting_id="*")), stage_all(tmp_path, ["a", "b"])]
    assert [row[1:3] for row in outcomes(tmp_path, *runs)] == [
        ("*", "failed"),
        ("a", "live"),
        ("a", "live"),
        ("b", "live"),
    ]


def test_all_meetings_are_those_of_the_app_alone(tmp_path: Path) -> None:
    """Snapshots of another app, or of a run with a list, are not outcomes of the run."""
    runs = [
        stage_run(tmp_path, live=["a"], idle=["b"]),
        stage_run(tmp_path, live=[], idle=[], failures=[replace(LOST, meeting_id="*")], all_of="other"),
    ]
    assert [row[1:3] for row in outcomes(tmp_path, *runs)] == [("a", "live"), ("b", "idle"), ("*", "failed")]


def test_a_meeting_has_one_outcome_in_a_run_of_all_meetings(tmp_path: Path) -> None:
    """One that the slot holds as live and that this run could not type failed here, as it would in a list."""
    runs = [
        stage_all(tmp_path, ["a"], replace(LOST, meeting_id="*")),
        stage_all(tmp_path, [], replace(LOST, meeting_id="a", kind=FailureKind.MALFORMED)),
    ]
    assert [row[1:] for row in outcomes(tmp_path, *runs)] == [
        ("*", "failed", "timeout"),
        ("a", "live", None),
        ("a", "failed", "malformed"),
    ]


def test_outcomes_of_apps_with_meetings_of_the_same_id_are_their_own(usage: Usage) -> None:
    """In one slot, a fails in the first app, and b is live in the second one. In the next slot, both are idle."""
    for slot, failed in (("12:00", ["a"]), ("12:05", [])):
        usage.run(f"2026-11-02 {slot}", meetings="ab", failed=failed)
        usage.run(f"2026-11-02 {slot}", meetings="ab", app="other")
    usage.observed("2026-11-02 12:00", 1, meeting_id="b", app_id="other")
    usage.run("2026-11-02 12:10", kind="reconcile", list_id="app: ['a', 'b']")
    counts = usage.ask(
        "select strftime(slot, '%H:%M'), app_id, meeting_id, outcome from outcomes where outcome <> 'idle' order by all"
    )
    assert counts == [("12:00", "app", "a", "failed"), ("12:00", "other", "b", "live")]
    assert usage.ask("select count(*) from outcomes where outcome = 'idle'") == [(6,)]


def test_an_invalid_line_that_equals_a_listed_meeting_is_not_its_outcome(usage: Usage) -> None:
    """The meeting is idle. The line has an outcome of its own, with its number."""
    usage.run("2026-11-02 12:00", meetings="a")
    line = {"app_id": "app", "meeting_id": "a", "kind": "invalid_id", "message": "m", "attempts": 0, "line": 7}
    usage.add("fetch_failures", {"run_id": str(uuid.UUID(int=1)), "slot": utc("2026-11-02 12:00")} | line)
    assert usage.ask("select outcome, failure_kind, line from outcomes order by outcome") == [
        ("failed", "invalid_id", 7),
        ("idle", None, None),
    ]


def test_live_now_has_the_last_loaded_slot_of_each_app(usage: Usage) -> None:
    """The other app was asked an hour earlier. In its last slot, the app has one session; its type is not known."""
    usage.run("2026-11-02 11:00", app="other", every=None, meetings="x")
    usage.observed("2026-11-02 11:00", 5, "o", app_id="other", meeting_id="x", live_participants=2)
    for slot, session, kind in (("11:00", "old", "meeting"), ("12:00", "new", None)):
        usage.run(f"2026-11-02 {slot}", every=None)
        usage.observed(f"2026-11-02 {slot}", 7, session, type=kind, max_concurrent_participants=3)
    columns = "strftime(slot, '%H:%M'), app_id, session_id, type, live_participants, max_concurrent_participants"
    assert usage.ask(f"select {columns}, minutes_consumed from live_now order by all") == [  # noqa: S608  # our own
        ("11:00", "other", "o", "meeting", 2, 1, 5),
        ("12:00", "app", "new", "unknown", 1, 3, 7),
    ]


def test_usage_daily_adds_the_sessions_of_a_day(usage: Usage) -> None:
    """Two sessions on one day, and one over midnight with half of its minutes on each day. Types are kept apart."""
    usage.final("2026-11-02 12:30", 10, "first")
    usage.final("2026-11-02 14:30", 20, "second", started_at="2026-11-02 14:00")
    usage.final("2026-11-03 01:00", 60, "night", started_at="2026-11-02 23:00")
    usage.final("2026-11-02 12:30", 4, "stream", type="livestream")
    usage.final("2026-11-02 12:30", 5, "first", app_id="other")
    days = usage.ask(
        "select app_id, meeting_id, type, strftime(day, '%m-%d'), sessions, minutes from usage_daily order by all"
    )
    assert days == [
        ("app", "m", "livestream", "11-02", 1, 4),
        ("app", "m", "meeting", "11-02", 3, 60),
        ("app", "m", "meeting", "11-03", 1, 30),
        ("other", "m", "meeting", "11-02", 1, 5),
    ]


def test_readings_are_snapshots_and_final_figures(usage: Usage) -> None:
    """Each has the instant at which it was reported."""
    usage.observed("2026-11-02 12:10", 1)
    usage.final("2026-11-02 12:30", 2, fetched_at="2026-11-03 00:00")
    assert usage.ask(
        "select source, session_id, strftime(reported_at, '%d %H:%M') from session_readings order by all"
    ) == [
        ("final", "s", "03 00:00"),
        ("snapshot", "s", "02 12:10"),
    ]


ROOM = """
select source, session_id, meeting_id, meeting_display_name, type, live_participants, max_concurrent_participants,
    minutes_consumed, strftime(started_at, '%H:%M'), strftime(ended_at, '%H:%M')
from session_and_breakout_readings where type = 'breakout' order by all
"""


@pytest.mark.parametrize(
    ("times", "begin", "end"),
    [
        ({}, "12:00", "13:00"),
        ({"started_at": "2026-11-02T12:15:00Z", "ended_at": "2026-11-02T12:45:00Z"}, "12:15", "12:45"),
        ({"started_at": "2026-11-02T11:15:00Z", "ended_at": "2026-11-02T13:45:00Z"}, "12:00", "13:00"),
        ({"started_at": "2026-11-02T12:00:00Z", "ended_at": "2026-11-02T11:45:00Z"}, "12:00", "13:00"),
    ],
)
def test_a_breakout_room_has_the_figures_of_its_own(usage: Usage, times: dict[str, str], begin: str, end: str) -> None:
    """Its time lies within that of its parent, from 12:00 to 13:00. The session itself is not a room."""
    figures = {"live_participants": 2, "max_concurrent_participants": 5, "minutes_consumed": "7.5"}
    room = {"id": "room", "meeting_display_name": "Corner"} | figures | times
    usage.final("2026-11-02 13:00", 60, breakout_rooms=[room, room | {"id": "s"}, {"id": "empty"}])
    assert usage.ask(ROOM) == [("final", "room", "m", "Corner", "breakout", 2, 5, 7.5, begin, end)]


def test_a_breakout_room_without_a_title_has_that_of_its_meeting(usage: Usage) -> None:
    """A room of a session that is live has not ended."""
    usage.observed("2026-11-02 12:10", 1, breakout_rooms=[{"id": "room", "minutes_consumed": 0}])
    assert usage.ask(ROOM) == [("snapshot", "room", "m", "Weekly", "breakout", None, None, 0, "12:00", None)]
