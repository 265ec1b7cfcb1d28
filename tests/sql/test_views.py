"""The views: what their rows mean."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from etl import queries
from etl.errors import FailureKind
from etl.models import Failure
from etl.store.load import load_runs
from etl.store.target import open_target
from tests.samples import SLOT, stage_run

if TYPE_CHECKING:
    from pathlib import Path

    from etl.staging import StagedRun

LOST = Failure(app_id="app", meeting_id="b", kind=FailureKind.TIMEOUT, message="late")


def outcomes(tmp_path: Path, *runs: StagedRun) -> list[tuple[Any, ...]]:
    """The outcomes of some runs: slot, meeting, outcome and kind of failure."""
    with open_target(tmp_path / "usage.duckdb") as connection:
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
    runs = [stage_run(tmp_path, live=["a"], idle=[]), stage_run(tmp_path, live=["a"], idle=[])]
    assert [outcome for _, _, outcome, _ in outcomes(tmp_path, *runs)] == ["live", "live"]


def test_what_a_later_run_of_the_slot_saw_changes_nothing_for_an_earlier_one(tmp_path: Path) -> None:
    """Each run's outcomes are those of its ledger entry."""
    runs = [stage_run(tmp_path, live=["a"], idle=["b"]), stage_run(tmp_path, live=["a", "b"], idle=[])]
    with open_target(tmp_path / "usage.duckdb") as connection:
        load_runs(connection, runs)
        query = """
            select count(*) filter (outcomes.outcome = 'live') - any_value(runs.live)
            from outcomes join runs using (run_id)
            group by run_id
        """
        assert pl.DataFrame(connection.sql(query)).rows() == [(0,), (0,)]


def test_a_line_that_is_no_id_has_an_outcome_too(tmp_path: Path) -> None:
    """It is in no list, but it failed."""
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


@pytest.mark.parametrize("name", queries.names("views"))
def test_a_view_states_its_grain_first(name: str) -> None:
    """Whoever opens the file reads what a row is before anything else."""
    assert queries.text(name).startswith("-- grain: ")
