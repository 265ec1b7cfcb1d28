"""The stays of a session's participants: who was there from when to when, and what follows from it."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from etl.simulator.clock import MINUTE
from etl.simulator.seeded_random import draw_numbers, scale

if TYPE_CHECKING:
    from collections.abc import Sequence

# Minutes have four decimals. Time is added up in ten-thousandths of a minute, so that sums are exact.
UNITS_PER_MINUTE = 10_000

_UNIT_MS = MINUTE // UNITS_PER_MINUTE
_MAX_PARTICIPANTS = 8


class Stay(NamedTuple):
    """A participant's time in a session, in milliseconds since 1970; the instant of leaving is not part of it."""

    joined_ms: int
    left_ms: int


def draw_stays(key: str, first_ms: int, last_ms: int) -> tuple[Stay, ...]:
    """Draw up to eight stays between two instants, in the order of joining. The host is there all the time."""
    numbers = draw_numbers(f"{key}/participants")
    stays = [Stay(first_ms, last_ms)]
    for index in range(numbers[14] % _MAX_PARTICIPANTS):
        joined_ms = scale(first_ms, last_ms, numbers[index])
        stays.append(Stay(joined_ms, scale(joined_ms, last_ms, numbers[index + 7])))
    return tuple(sorted(stays))


def count_present(stays: Sequence[Stay], at_ms: int) -> int:
    """Count the participants who are present at an instant."""
    return sum(joined_ms <= at_ms < left_ms for joined_ms, left_ms in stays)


def find_peak(stays: Sequence[Stay], at_ms: int) -> int:
    """Return the greatest number of participants present at one time, up to an instant."""
    begun = [stay for stay in stays if stay.joined_ms <= at_ms and stay.joined_ms < stay.left_ms]
    # Who leaves at an instant is gone before somebody joins at it: -1 is sorted before 1.
    changes = sorted([(joined_ms, 1) for joined_ms, _ in begun] + [(left_ms, -1) for _, left_ms in begun])
    return max(accumulate(change for _, change in changes), default=0)


def sum_presence(stays: Sequence[Stay], at_ms: int) -> int:
    """Sum the time of all participants up to an instant, in ten-thousandths of a minute."""
    return sum(min(left_ms, at_ms) - joined_ms for joined_ms, left_ms in stays if joined_ms < at_ms) // _UNIT_MS


def sum_ended_stays(stays: Sequence[Stay], at_ms: int) -> int:
    """Sum the time of the participants who have left by an instant, in ten-thousandths of a minute."""
    return sum(left_ms - joined_ms for joined_ms, left_ms in stays if left_ms <= at_ms) // _UNIT_MS
