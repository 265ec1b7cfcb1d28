"""Days and hours as clocks show them: midnights, and the days on which clocks are put forward or back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.sql.rows import Usage


@pytest.mark.parametrize(
    ("tz", "before", "after"),
    [
        ("UTC", "2026-11-02 23:50", "2026-11-03 00:30"),
        ("Europe/Berlin", "2026-11-02 22:50", "2026-11-02 23:30"),  # UTC+1
        ("Asia/Kolkata", "2026-11-02 18:20", "2026-11-02 19:00"),  # UTC+5:30
        ("Asia/Kathmandu", "2026-11-02 18:05", "2026-11-02 18:45"),  # UTC+5:45
        ("America/New_York", "2026-11-03 04:50", "2026-11-03 05:30"),  # UTC-5
    ],
)
def test_minutes_over_midnight_are_split_at_the_midnight_of_the_zone(
    usage: Usage, tz: str, before: str, after: str
) -> None:
    """From ten minutes before the zone's midnight to half past there are 8 minutes, of which 2 lie before."""
    usage.observed(before, 1, started_at=before)
    usage.observed(after, 8, started_at=before)
    assert usage.minutes(tz) == {"11-02": 2, "11-03": 6}


@pytest.mark.parametrize(
    ("tz", "first", "last", "days"),
    [
        # 00:00 of 25 October (UTC+2) to 00:00 of the 27th (UTC+1)
        ("Europe/Berlin", "2026-10-24 22:00", "2026-10-26 23:00", {"10-25": 25, "10-26": 24}),
        # 00:00 of 29 March (UTC+1) to 00:00 of the 31st (UTC+2)
        ("Europe/Berlin", "2026-03-28 23:00", "2026-03-30 22:00", {"03-29": 23, "03-30": 24}),
        # The midnight of 1 November comes twice: at 04:00 UTC (UTC-4), and at 05:00 UTC (UTC-5), which is 00:00 again
        ("America/Havana", "2026-10-31 04:00", "2026-11-02 05:00", {"10-31": 24, "11-01": 25}),
        # The one of 8 March is skipped: at 05:00 UTC clocks go from 00:00 to 01:00
        ("America/Havana", "2026-03-07 05:00", "2026-03-09 04:00", {"03-07": 24, "03-08": 23}),
        # So is that of 6 September: at 04:00 UTC from 00:00 to 01:00
        ("America/Santiago", "2026-09-05 04:00", "2026-09-07 03:00", {"09-05": 24, "09-06": 23}),
        # The last hour of 4 April comes twice: at 03:00 UTC clocks go from 24:00 back to 23:00
        ("America/Santiago", "2026-04-04 03:00", "2026-04-06 04:00", {"04-04": 25, "04-05": 24}),
        # Half an hour back on 5 April (UTC+11 to UTC+10:30), half an hour forward on 4 October
        ("Australia/Lord_Howe", "2026-04-04 13:00", "2026-04-06 13:30", {"04-05": 24.5, "04-06": 24}),
        ("Australia/Lord_Howe", "2026-10-03 13:30", "2026-10-05 13:00", {"10-04": 23.5, "10-05": 24}),
    ],
)
def test_a_day_is_as_long_as_clocks_make_it(usage: Usage, tz: str, first: str, last: str, days: dict[str, Any]) -> None:
    """From the first midnight to the last one a minute an hour: a day has as many minutes as it has hours."""
    usage.observed(last, sum(days.values()), started_at=first)
    assert usage.minutes(tz) == days


@pytest.mark.parametrize(
    ("tz", "first", "last", "hours"),
    [
        # 01:00 (UTC+2) to 04:00 (UTC+1): the hour from 02:00 comes twice
        ("Europe/Berlin", "2026-10-24 23:00", "2026-10-25 03:00", {"10-25 01": 60, "10-25 02": 120, "10-25 03": 60}),
        # 01:00 (UTC+1) to 04:00 (UTC+2): the hour from 02:00 is skipped
        ("Europe/Berlin", "2026-03-29 00:00", "2026-03-29 02:00", {"03-29 01": 60, "03-29 03": 60}),
        # 23:00 to 02:00: the hour from 00:00 comes twice
        ("America/Havana", "2026-11-01 03:00", "2026-11-01 07:00", {"10-31 23": 60, "11-01 00": 120, "11-01 01": 60}),
        # 00:00 (UTC+11) to 03:00 (UTC+10:30): the half-hour from 01:30 comes twice
        (
            "Australia/Lord_Howe",
            "2026-04-04 13:00",
            "2026-04-04 16:30",
            {"04-05 00": 60, "04-05 01": 90, "04-05 02": 60},
        ),
        # 00:00 (UTC) to 04:00 (UTC+2): two hours are skipped
        ("Antarctica/Troll", "2026-03-29 00:00", "2026-03-29 02:00", {"03-29 00": 60, "03-29 03": 60}),
        # An hour of India begins at half past in UTC
        ("Asia/Kolkata", "2026-11-02 18:00", "2026-11-02 19:00", {"11-02 23": 30, "11-03 00": 30}),
    ],
)
def test_an_hour_that_comes_twice_has_the_minutes_of_both(
    usage: Usage, tz: str, first: str, last: str, hours: dict[str, int]
) -> None:
    """A minute a minute, of what a clock shows once, twice, or for longer; seen at the end, or every 10 minutes."""
    usage.observed(last, sum(hours.values()), started_at=first)
    assert usage.minutes(tz, unit="hour") == hours
    for tenth in range(1, sum(hours.values()) // 10):
        usage.observed(str(utc(first) + timedelta(minutes=10 * tenth)), 10 * tenth, started_at=first)
    assert usage.minutes(tz, unit="hour") == hours


def test_the_days_of_a_session_add_up_in_every_zone(usage: Usage) -> None:
    """3.1415 minutes in 26 hours 14 minutes, seen twice, with a final total: no zone gains or loses a digit."""
    usage.observed("2026-10-25 01:07", 1.0001, started_at="2026-10-24 00:53")
    usage.final("2026-10-26 03:07", 3.1415, started_at="2026-10-24 00:53")
    totals = {
        float(sum(usage.minutes(tz, unit=unit).values()))
        for tz in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Havana", "Australia/Lord_Howe", "Pacific/Chatham")
        for unit in ("day", "hour")
    }
    assert totals == {3.1415}
