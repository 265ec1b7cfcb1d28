"""A reusable room and its timetable: at most one session in every cycle, so at most one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.simulator.chance import between, draws, happens
from etl.simulator.identity import meeting_id_of
from etl.simulator.instants import DAY, HOUR, MINUTE, from_ms, iso

if TYPE_CHECKING:
    from datetime import datetime

    from etl.simulator.session import Payload

MAX_PERIOD_MS = 4 * HOUR

_SHORTEST_PERIOD_MS = 2 * HOUR
_SHORT_MS = (2 * MINUTE, 3 * MINUTE)
_SHORT_MEAN_MS = sum(_SHORT_MS) / 2
_LEAST_MS = 5 * MINUTE
_LEAST_MEAN_MS = 20 * MINUTE
_NEVER_USED = 0.1
# Text that a careless reader of JSON, CSV or HTML would break.
_TITLES = ("Daily", "Équipe produit", 'Q&A, "open"', "<b>Support</b>", "数学の授業", "Board\tmeeting")


@dataclass(frozen=True, slots=True)
class Meeting:
    """A room. `first_ms` starts cycle 0, every cycle lasts `period_ms`, sessions fill `busy` of the time."""

    id: str
    index: int
    title: str
    created_ms: int
    first_ms: int
    period_ms: int
    busy: float

    @property
    def created_at(self) -> datetime:
        """The instant it was created, UTC."""
        return from_ms(self.created_ms)

    def cycle_at(self, at_ms: int) -> int:
        """Tell the cycle an instant falls into, by its number; negative before the history begins."""
        return (at_ms - self.first_ms) // self.period_ms

    def span_in(self, cycle: int, numbers: tuple[int, ...]) -> tuple[int, int] | None:
        """Place a cycle's session as (start, end) in milliseconds, or None if the cycle has none."""
        length = self._length(numbers)
        if cycle < 0 or not length:
            return None
        start = self.first_ms + cycle * self.period_ms
        start += between(0, self.period_ms - length + 1, numbers[3])
        return start, start + length

    def payload(self) -> Payload:
        """Say what the list of meetings says about it."""
        return {
            "id": self.id,
            "title": self.title,
            "status": "ACTIVE" if self.busy else "INACTIVE",
            "session_keep_alive_time_in_secs": 60,
            "created_at": iso(self.created_ms),
            "updated_at": iso(self.created_ms),
        }

    def _length(self, numbers: tuple[int, ...]) -> int:
        # Where a mean session would get too short for the wanted share, there are fewer of them instead.
        mean = max(self.busy * self.period_ms, _LEAST_MEAN_MS)
        if not happens(self.busy * self.period_ms / mean, numbers[0]):
            return 0
        short_share = 0.2 * (1 - self.busy)
        if happens(short_share, numbers[1]):
            return between(*_SHORT_MS, numbers[2])
        return self._long((mean - short_share * _SHORT_MEAN_MS) / (1 - short_share), numbers[2])

    def _long(self, mean: float, draw: int) -> int:
        reach = min(mean - _LEAST_MS, self.period_ms - mean)
        return between(int(mean - reach), int(mean + reach) + 1, draw)


def make_meeting(seed: int, index: int, *, epoch_ms: int, live_share: float) -> Meeting:
    """Make the meeting of that number: one in ten is never used, the others are alike on average."""
    numbers = draws(f"{seed}/meeting/{index}")
    never = min(_NEVER_USED, (1 - live_share) / 2)
    period = between(_SHORTEST_PERIOD_MS, MAX_PERIOD_MS, numbers[1])
    return Meeting(
        id=meeting_id_of(seed, index),
        index=index,
        title=f"{_TITLES[numbers[2] % len(_TITLES)]} {index}",
        created_ms=epoch_ms - between(DAY, 90 * DAY, numbers[3]),
        first_ms=epoch_ms - between(0, period, numbers[4]),
        period_ms=period,
        busy=0.0 if happens(never, numbers[0]) else live_share / (1 - never),
    )
