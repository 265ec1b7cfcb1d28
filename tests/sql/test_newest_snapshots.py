"""The newest snapshot of each app, from which the age of the data follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from etl.store import sql_files

if TYPE_CHECKING:
    from tests.sql.rows import Usage

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
STEP, DAY = timedelta(minutes=5), timedelta(days=1)


def newest(usage: Usage, *, since: datetime = NOON - DAY, until: datetime, app: str | None = None) -> list[Any]:
    """Ask for the newest snapshots of a period."""
    return usage.ask(sql_files.text("read/newest_snapshots"), since=since, until=until, app_id=app)


def test_each_app_has_its_own_newest_snapshot(usage: Usage) -> None:
    """A list may have several apps, and a run may be for all meetings of an app."""
    usage.runs(NOON, NOON + 2 * STEP)
    usage.runs(NOON, NOON + STEP, app="other", every=None)
    usage.run(NOON - STEP, list_id="all:whole", every=60)
    usage.run(NOON + DAY, kind="reconcile")
    expected = [("app", NOON + 2 * STEP, 300.0), ("other", NOON + STEP, 300.0), ("whole", NOON - STEP, 60.0)]
    assert newest(usage, until=NOON + DAY) == expected
    assert newest(usage, until=NOON + DAY, app="other") == expected[1:2]


def test_only_snapshots_of_the_period_count(usage: Usage) -> None:
    """The end of the period is not part of it."""
    usage.runs(NOON, NOON + 2 * STEP)
    assert newest(usage, until=NOON + 2 * STEP) == [("app", NOON + STEP, 300.0)]
    assert newest(usage, since=NOON + DAY, until=NOON + 2 * DAY) == []


def test_a_step_that_no_run_states_is_the_time_between_the_last_two_slots(usage: Usage) -> None:
    """The first snapshot of an app has no step."""
    usage.run(NOON, every=None)
    assert newest(usage, until=NOON + DAY) == [("app", NOON, None)]
    usage.run(NOON + 7 * STEP, every=None)
    assert newest(usage, until=NOON + DAY) == [("app", NOON + 7 * STEP, 35 * 60.0)]


def test_a_run_in_which_every_meeting_failed_does_not_count(usage: Usage) -> None:
    """Such a run knows of no meeting. A run with one outcome counts, and so does one that found nobody."""
    usage.run(NOON)
    usage.run(NOON + STEP)
    usage.run(NOON + 2 * STEP)
    usage.ask("update runs set failed = 2, idle = 0, live = 0 where slot = $at", at=NOON + 2 * STEP)
    assert newest(usage, until=NOON + DAY) == [("app", NOON + STEP, 300.0)]
    usage.ask("update runs set idle = 1 where slot = $at", at=NOON + 2 * STEP)
    assert newest(usage, until=NOON + DAY) == [("app", NOON + 2 * STEP, 300.0)]


def test_a_snapshot_of_the_future_does_not_count(usage: Usage) -> None:
    """A wrong clock has put it there."""
    usage.run(NOON)
    usage.run(datetime.now(UTC) + DAY)
    assert newest(usage, until=datetime.now(UTC) + 2 * DAY) == [("app", NOON, 300.0)]
