"""The placing of minutes, computed without SQL: a session's total, spread over its life by the participants seen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

QUARTER_HOUR = timedelta(minutes=15)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Reading: TypeAlias = tuple[datetime, int]
"""An instant and the number of participants seen at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a session's life. The number of participants changes evenly from its start to its end."""

    from_at: datetime
    to_at: datetime
    from_participants: Fraction
    to_participants: Fraction

    def presence(self, until: datetime) -> Fraction:
        """Return the participants' time in the stretch before an instant, in microseconds."""
        length = _microseconds(self.to_at - self.from_at)
        passed = min(max(_microseconds(until - self.from_at), 0), length)
        if not length:
            return Fraction(0)
        return passed * (
            self.from_participants + (self.to_participants - self.from_participants) * Fraction(passed, length) / 2
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSession:
    """A session's life, its total in minutes, and its readings in the order of time."""

    started_at: datetime
    ended_at: datetime
    minutes: Fraction
    readings: Sequence[Reading]

    def minutes_between(self, since: datetime, until: datetime) -> Fraction:
        """Return the minutes that belong to a period."""
        return self._minutes_until(until) - self._minutes_until(since)

    def _minutes_until(self, instant: datetime) -> Fraction:
        if self.ended_at <= self.started_at:
            return self.minutes if instant > self.started_at else Fraction(0)
        stretches = self._stretches()
        whole = sum(stretch.presence(self.ended_at) for stretch in stretches)
        if not whole:
            stretches = [_steady(self.started_at, self.ended_at, 1)]
            whole = stretches[0].presence(self.ended_at)
        return self.minutes * sum(stretch.presence(instant) for stretch in stretches) / whole

    def _stretches(self) -> list[Stretch]:
        """List the stretches: between quarters of an hour the number changes evenly, within one it is the mean."""
        if not self.readings:
            return []
        quarters: dict[int, list[Reading]] = defaultdict(list)
        for at, participants in self.readings:
            quarters[(at - EPOCH) // QUARTER_HOUR].append((at, participants))
        groups = [quarters[number] for number in sorted(quarters)]
        (first_at, first), (last_at, last) = groups[0][0], groups[-1][-1]
        stretches = [_steady(min(self.started_at, first_at), first_at, first)]
        stretches += [_steady(group[0][0], group[-1][0], _mean(group)) for group in groups]
        stretches += [_between(before[-1], after[0]) for before, after in pairwise(groups)]
        stretches.append(_steady(last_at, max(self.ended_at, last_at), last))
        return [part for stretch in stretches for part in self._within_life(stretch)]

    def _within_life(self, stretch: Stretch) -> list[Stretch]:
        """Return the part of a stretch within the session's life; the number of participants begins at that part."""
        from_at, to_at = max(stretch.from_at, self.started_at), min(stretch.to_at, self.ended_at)
        if from_at >= to_at:
            return []
        return [
            Stretch(
                from_at=from_at,
                to_at=to_at,
                from_participants=stretch.from_participants,
                to_participants=stretch.to_participants,
            )
        ]


def _steady(from_at: datetime, to_at: datetime, participants: int | Fraction) -> Stretch:
    number = Fraction(participants)
    return Stretch(from_at=from_at, to_at=to_at, from_participants=number, to_participants=number)


def _between(before: Reading, after: Reading) -> Stretch:
    return Stretch(
        from_at=before[0],
        to_at=after[0],
        from_participants=Fraction(before[1]),
        to_participants=Fraction(after[1]),
    )


def _mean(group: list[Reading]) -> Fraction:
    """Return the mean number of participants between the first and the last reading of a quarter of an hour."""
    if len(group) == 1:
        return Fraction(group[0][1])
    ends = Fraction(group[0][1] + group[-1][1], 2)
    return (sum(participants for _, participants in group) - ends) / (len(group) - 1)


def _microseconds(duration: timedelta) -> int:
    return duration // MICROSECOND
