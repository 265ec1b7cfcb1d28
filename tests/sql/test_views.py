"""The views: what their rows mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.errors import FailureKind
from etl.store.database import open_database
from etl.store.load import load_runs
from etl.values.meetings import Failure
from tests.samples import SLOT, stage_run

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from etl.values.run import StagedRun

LOST = Failure(app_id="app", meeting_id="b", kind=FailureKind.TIMEOUT, message="late")


def outcomes(tmp_path: Path, *runs: StagedRun) -> list[tuple[Any, ...]]:
    """The outcomes of some runs: slot, meeting, outcome and kind of failure."""
    with open_database(tmp_path / "usage.duckdb") as connection:
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
    with open_database(tmp_path / "usage.duckdb") as connection:
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
