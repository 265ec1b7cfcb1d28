"""The age of the data: which snapshot is the newest of an app, when it is old, and how that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from etl.reports.age import NewestSnapshot, describe_age, format_age

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MISSING = ", later ones are missing"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (86_399, "23 hours"),
        (86_400, "1 day"),
        (400 * 86_400, "400 days"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, text: str) -> None:
    """The number is rounded down, as the age of a person is."""
    assert format_age(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(("minutes", "is_old"), [(0, False), (10, False), (11, True)])
def test_data_is_old_after_more_than_two_steps(minutes: int, is_old: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """One snapshot may be late or fail."""
    snapshot = NewestSnapshot(app_id="a", slot=NOON, step_seconds=300)
    assert snapshot.is_old(NOON + timedelta(minutes=minutes)) is is_old


def test_a_first_snapshot_is_never_old() -> None:
    """Without a second one, no schedule is known."""
    assert not NewestSnapshot(app_id="a", slot=NOON, step_seconds=None).is_old(NOON + DAY)


def test_only_old_data_is_mentioned() -> None:
    """With several apps, the app is named."""
    old = NewestSnapshot(app_id="a", slot=NOON - DAY, step_seconds=300)
    young = NewestSnapshot(app_id="b", slot=NOON, step_seconds=300)
    assert describe_age([young], until=NOON, now=NOON, always=False) == ""
    assert describe_age([old], until=NOON, now=NOON, always=False) == f"newest snapshot 1 day old{MISSING}"
    assert (
        describe_age([old, young], until=NOON, now=NOON, always=False) == f"newest snapshot of app a 1 day old{MISSING}"
    )
    assert describe_age([young], until=NOON, now=NOON, always=True) == "newest snapshot less than a minute old"


def test_a_past_period_is_old_if_its_end_is_missing() -> None:
    """Snapshots up to its end are not old, whenever somebody asks."""
    snapshot = NewestSnapshot(app_id="a", slot=NOON, step_seconds=300)
    assert describe_age([snapshot], until=NOON, now=NOON + DAY, always=False) == ""
    assert (
        describe_age([snapshot], until=NOON + DAY, now=NOON + DAY, always=False)
        == f"newest snapshot 1 day old{MISSING}"
    )
