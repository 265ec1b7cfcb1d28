"""Runs of wrong clocks that see a session of today: no figure of the session changes, and no query costs more."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from etl.reports.periods import BEGINNING
from etl.store import sql_files
from tests.sql.test_clocks import DAY, MOST_ROWS, QUERIES, STEP, now, rows_of, small, take_snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sql.rows import Usage

__all__ = ["now", "small"]

ODD_RUN = str(uuid.UUID(int=2**100))
WRONG_CLOCKS: dict[str, Callable[[datetime], datetime]] = {
    "1970": lambda _now: BEGINNING + timedelta(minutes=11),
    "yesterday": lambda now: now - DAY + timedelta(minutes=2),
    "an hour ago": lambda now: now - timedelta(minutes=58),
    "tomorrow": lambda now: now + DAY,
    "2099": lambda _now: datetime(2099, 1, 1, tzinfo=UTC),
}
FIGURES = [
    *("views/sessions", "views/session_days", "views/usage_daily", "views/session_readings"),
    *("reports/sessions", "reports/meetings", "reports/cost", "page/longest_sessions"),
    *("page/session_ranges", "page/alone_snapshots"),
]


def see_from(usage: Usage, at: datetime, now: datetime, minutes: float) -> None:
    """Store a run with a note on its clock, which sees the session that all other runs see."""
    usage.run(at)
    usage.write()
    usage.connection.execute("update runs set clock_note = 'wrong', run_id = ? where slot = ?", [ODD_RUN, at])
    usage.observed(
        at, minutes, run_id=ODD_RUN, started_at=now - DAY, live_participants=9, max_concurrent_participants=9
    )


def figures(usage: Usage, now: datetime) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every query with figures of sessions."""
    return {name: sorted(rows_of(usage, name, now).rows(), key=repr) for name in FIGURES}


@pytest.mark.parametrize("minutes", [1.0, 5_000.0])
@pytest.mark.parametrize("clock", WRONG_CLOCKS)
def test_a_run_of_a_wrong_clock_changes_no_figure_of_a_session(
    usage: Usage, now: datetime, clock: str, minutes: float
) -> None:
    """Its minutes, their days, its start, its end, its peak and its title are those of the right runs."""
    take_snapshots(usage, now)
    before = figures(usage, now)
    see_from(usage, WRONG_CLOCKS[clock](now), now, minutes)
    assert figures(usage, now) == before
    assert usage.ask("select session_id, minutes_consumed from live_now") == [("s", 100.0)]


@pytest.mark.parametrize("clock", WRONG_CLOCKS)
def test_a_run_of_a_wrong_clock_that_sees_a_session_of_today_costs_nothing(
    small: Usage, now: datetime, clock: str
) -> None:
    """No query has more rows than before, except for the run itself."""
    take_snapshots(small, now)
    before = {name: rows_of(small, name, now).height for name in QUERIES}
    see_from(small, WRONG_CLOCKS[clock](now), now, 5.0)
    after = {name: rows_of(small, name, now).height for name in QUERIES}
    assert {name: height for name, height in after.items() if height > max(before[name] + 300, MOST_ROWS)} == {}


def test_readings_of_the_future_do_not_count_without_a_note_either(usage: Usage, now: datetime) -> None:
    """An older version did not note wrong clocks."""
    take_snapshots(usage, now)
    before = figures(usage, now)
    usage.observed(now + DAY, 1.0, started_at=now - DAY)
    usage.final(now, 1.0, fetched_at=now + DAY, started_at=now - DAY)
    assert figures(usage, now) == before


@pytest.mark.parametrize("ahead", [DAY, -timedelta(minutes=1)])
def test_final_figures_of_a_wrong_clock_do_not_beat_a_correction(usage: Usage, now: datetime, ahead: timedelta) -> None:
    """The run of tomorrow fetched 7 minutes, also when tomorrow has come. A later run fetched 9."""
    usage.run(now + ahead, kind="reconcile")
    usage.write()
    usage.connection.execute("update runs set clock_note = 'ahead', run_id = ?", [ODD_RUN])
    usage.run(now - 2 * STEP, kind="reconcile")
    usage.final(now - 3 * STEP, 7.0, started_at=now - DAY, fetched_at=now + ahead, run_id=ODD_RUN)
    usage.final(now - 3 * STEP, 9.0, started_at=now - DAY, fetched_at=now - 2 * STEP)
    assert usage.ask("select minutes from sessions") == usage.ask("select cast(9 as decimal(18, 6))")


def test_a_host_whose_clock_is_always_wrong_keeps_its_figures(usage: Usage, now: datetime) -> None:
    """All runs have a note, as those of a host two minutes ahead. No other run has read the sessions."""
    take_snapshots(usage, now)
    before = figures(usage, now)
    usage.connection.execute("update runs set clock_note = 'two minutes ahead'")
    usage.connection.execute(
        "update session_snapshots set run_id = runs.run_id from runs where runs.slot = session_snapshots.slot"
    )
    assert figures(usage, now) == before


def test_a_check_names_a_noted_run_of_the_future(usage: Usage, now: datetime) -> None:
    """The check's period ends now, as that of --since all does."""
    take_snapshots(usage, now)
    see_from(usage, now + DAY, now, 1.0)
    assert rows_of(usage, "checks/clocks_of_runs_are_right", now)["slot"].to_list() == [now + DAY]


def test_a_check_names_a_run_of_the_future_without_a_note(usage: Usage, now: datetime) -> None:
    """The period may have ended before it."""
    take_snapshots(usage, now)
    usage.run(now + DAY)
    sql = sql_files.text("checks/clocks_of_runs_are_right")
    assert usage.frame(sql, since=now - DAY, until=now - STEP)["slot"].to_list() == [now + DAY]
