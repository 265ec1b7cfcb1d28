"""Meetings that are alike on average. Their sessions start at any hour: the share of live meetings is steady."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.simulator.clock import DAY, HOUR, MINUTE
from etl.simulator.meetings import KEEP_ALIVE_MS, MAX_PERIOD_MS, Meeting
from etl.simulator.seeded_random import draw_numbers, is_within, make_meeting_id, scale
from etl.simulator.stays import draw_stays

if TYPE_CHECKING:
    from etl.simulator.stays import Stay

_MIN_PERIOD_MS = 2 * HOUR
_SHORT_MS = (2 * MINUTE, 3 * MINUTE)
_SHORT_MEAN_MS = sum(_SHORT_MS) / 2
_MIN_LONG_MS = 5 * MINUTE
_MIN_MEAN_MS = 20 * MINUTE
_NEVER_USED_SHARE = 0.1
# Text that careless readers of JSON, CSV or HTML would break.
_TITLES = ("Daily", "Équipe produit", 'Q&A, "open"', "<b>Support</b>", "数学の授業", "Board\tmeeting")


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundTheClock:
    """A timetable that starts at `first_ms`; each cycle lasts `period_ms`, and sessions fill `live_share` of it."""

    first_ms: int
    period_ms: int
    live_share: float

    def cycle_at(self, at_ms: int) -> int:
        """Return the number of the cycle that an instant falls into; negative before the history begins."""
        return (at_ms - self.first_ms) // self.period_ms

    def draw_stays(self, cycle: int, key: str) -> tuple[Stay, ...]:
        """Draw the stays of a session at any time of the cycle."""
        numbers = draw_numbers(key)
        length = self._session_length(numbers)
        if not length:
            return ()
        start = self.first_ms + cycle * self.period_ms + scale(0, self.period_ms - length + 1, numbers[3])
        return draw_stays(key, start, start + length - KEEP_ALIVE_MS)

    def _session_length(self, numbers: tuple[int, ...]) -> int:
        # Where the mean session would be too short for the wanted share, there are fewer sessions instead.
        mean = max(self.live_share * self.period_ms, _MIN_MEAN_MS)
        if not is_within(self.live_share * self.period_ms / mean, numbers[0]):
            return 0
        short_share = 0.2 * (1 - self.live_share)
        if is_within(short_share, numbers[1]):
            return scale(*_SHORT_MS, numbers[2])
        long_mean = (mean - short_share * _SHORT_MEAN_MS) / (1 - short_share)
        deviation = min(long_mean - _MIN_LONG_MS, self.period_ms - long_mean)
        return scale(int(long_mean - deviation), int(long_mean + deviation) + 1, numbers[2])


def make_meeting(seed: int, index: int, *, epoch_ms: int, live_share: float) -> Meeting:
    """Make the meeting of a number. One in ten is never used; the others are alike on average."""
    numbers = draw_numbers(f"{seed}/meeting/{index}")
    never_share = min(_NEVER_USED_SHARE, (1 - live_share) / 2)
    period = scale(_MIN_PERIOD_MS, MAX_PERIOD_MS, numbers[1])
    is_active = live_share > 0 and not is_within(never_share, numbers[0])
    timetable = AroundTheClock(
        first_ms=epoch_ms - scale(0, period, numbers[4]), period_ms=period, live_share=live_share / (1 - never_share)
    )
    return Meeting(
        id=make_meeting_id(seed, index),
        index=index,
        title=f"{_TITLES[numbers[2] % len(_TITLES)]} {index}",
        created_ms=epoch_ms - scale(DAY, 90 * DAY, numbers[3]),
        timetable=timetable if is_active else None,
        is_active=is_active,
    )
