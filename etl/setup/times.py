"""The times of a schedule, as cron and systemd write them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_MINUTES_PER_HOUR, _HOURS_PER_DAY = 60, 24


def cron_times(every: timedelta) -> list[str]:
    """Return the times of an interval that divides a day, as the first five fields of lines of a crontab.

    Most need a single line; every 8 or every 90 minutes need two.
    """
    return [f"{minutes} {hours} * * *" for minutes, hours in _minutes_and_hours(every)]


def on_calendar(every: timedelta) -> list[str]:
    """Return the times of an interval that divides a day, as values of OnCalendar= in UTC."""
    fields = [(minutes.replace("*/", "0/"), hours.replace("*/", "0/")) for minutes, hours in _minutes_and_hours(every)]
    return [f"*-*-* {hours}:{minutes}:00 UTC" for minutes, hours in fields]


def _minutes_and_hours(every: timedelta) -> list[tuple[str, str]]:
    """Return the minutes of an hour, and the hours that have exactly these."""
    step = every // _MINUTE
    minutes_of = defaultdict(list)
    for minute in range(0, _DAY // _MINUTE, step):
        minutes_of[minute // _MINUTES_PER_HOUR].append(minute % _MINUTES_PER_HOUR)
    hours_of = defaultdict(list)
    for hour, minutes in minutes_of.items():
        hours_of[tuple(minutes)].append(hour)
    return [
        (_format(minutes, _MINUTES_PER_HOUR), _format(hours, _HOURS_PER_DAY)) for minutes, hours in hours_of.items()
    ]


def _format(numbers: Sequence[int], size: int) -> str:
    """Write numbers as a field: all of them, those at equal distances, or a list."""
    if len(numbers) == size:
        return "*"
    step = size // len(numbers)
    is_even = len(numbers) > 1 and list(numbers) == list(range(0, size, step))
    return f"*/{step}" if is_even else ",".join(map(str, numbers))
