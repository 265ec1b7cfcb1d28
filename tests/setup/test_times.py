from __future__ import annotations

from datetime import timedelta

import pytest

from etl.setup.times import cron_times, on_calendar

DAY_MINUTES = 1440
INTERVALS = [minutes for minutes in range(1, DAY_MINUTES + 1) if DAY_MINUTES % minutes == 0]


def numbers(field: str, size: int) -> set[int]:
    """Return the numbers that a field of a crontab stands for."""
    if field == "*":
        return set(range(size))
    if field.startswith("*/"):
        return set(range(0, size, int(field.removeprefix("*/"))))
    return {int(number) for number in field.split(",")}


@pytest.mark.parametrize("minutes", INTERVALS)
def test_the_times_of_cron_are_the_slots_of_a_day(minutes: int) -> None:
    """Each slot has exactly one start, for every interval that divides a day."""
    starts = []
    for line in cron_times(timedelta(minutes=minutes)):
        minute, hour, *rest = line.split()
        assert rest == ["*", "*", "*"]
        starts += [60 * one + other for one in numbers(hour, 24) for other in numbers(minute, 60)]
    assert sorted(starts) == list(range(0, DAY_MINUTES, minutes))


@pytest.mark.parametrize(
    ("minutes", "cron", "calendar"),
    [
        (1, ["* * * * *"], ["*-*-* *:*:00 UTC"]),
        (5, ["*/5 * * * *"], ["*-*-* *:0/5:00 UTC"]),
        (60, ["0 * * * *"], ["*-*-* *:0:00 UTC"]),
        (360, ["0 */6 * * *"], ["*-*-* 0/6:0:00 UTC"]),
        (1440, ["0 0 * * *"], ["*-*-* 0:0:00 UTC"]),
        (
            90,
            ["0 */3 * * *", "30 1,4,7,10,13,16,19,22 * * *"],
            ["*-*-* 0/3:0:00 UTC", "*-*-* 1,4,7,10,13,16,19,22:30:00 UTC"],
        ),
    ],
)
def test_times_are_written_as_people_would(minutes: int, cron: list[str], calendar: list[str]) -> None:
    """Most intervals are one line."""
    assert cron_times(timedelta(minutes=minutes)) == cron
    assert on_calendar(timedelta(minutes=minutes)) == calendar
