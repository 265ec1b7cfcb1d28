"""The stays of a session's participants, and the counts and sums that follow from them."""

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
    """A participant's time in a session, in milliseconds since 1970; the instant of leaving is not part of it.

    `participant` is the number of the person within the meeting. A person who comes back has a second stay.
    """

    joined_ms: int
    left_ms: int
    participant: int


def draw_stays(key: str, first_ms: int, last_ms: int) -> tuple[Stay, ...]:
    """Draw up to eight stays between two instants, in the order of joining. The host is there all the time."""
    numbers = draw_numbers(f"{key}/participants")
    stays = [Stay(first_ms, last_ms, 0)]
    for index in range(numbers[14] % _MAX_PARTICIPANTS):
        joined_ms = scale(first_ms, last_ms, numbers[index])
        stays.append(Stay(joined_ms, scale(joined_ms, last_ms, numbers[index + 7]), index + 1))
    return tuple(sorted(stays))


def count_present(stays: Sequence[Stay], at_ms: int) -> int:
    """Count the participants who are present at an instant."""
    return sum(stay.joined_ms <= at_ms < stay.left_ms for stay in stays)


def find_peak(stays: Sequence[Stay], at_ms: int) -> int:
    """Return the greatest number of participants present at one time, up to an instant."""
    begun = [stay for stay in stays if stay.joined_ms <= at_ms and stay.joined_ms < stay.left_ms]
    # At the same instant people leave before others join: -1 is sorted before 1.
    changes = sorted([(stay.joined_ms, 1) for stay in begun] + [(stay.left_ms, -1) for stay in begun])
    return max(accumulate(change for _, change in changes), default=0)


def sum_presence(stays: Sequence[Stay], at_ms: int) -> int:
    """Sum the time of all participants up to an instant, in ten-thousandths of a minute."""
    return sum(min(stay.left_ms, at_ms) - stay.joined_ms for stay in stays if stay.joined_ms < at_ms) // _UNIT_MS


def sum_ended_stays(stays: Sequence[Stay], at_ms: int) -> int:
    """Sum the time of the participants who have left by an instant, in ten-thousandths of a minute."""
    return sum(stay.left_ms - stay.joined_ms for stay in stays if stay.left_ms <= at_ms) // _UNIT_MS
