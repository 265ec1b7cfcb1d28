"""Meetings of an office: working hours and weekends (UTC), a few heavy meetings and a long tail of rare ones.

Sessions start within a few minutes of an hour or a half hour. The figures below are the simulator's choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.simulator.clock import DAY, HOUR, MINUTE, SECOND, from_ms
from etl.simulator.meetings import KEEP_ALIVE_MS, Meeting
from etl.simulator.seeded_random import draw_numbers, is_within, make_meeting_id, scale
from etl.simulator.stays import Stay

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LIVE_SHARE = 0.02

_WEEK = 7 * DAY
# The chance of a session in each hour of a weekday, relative to the busiest hour. On weekends it is a tenth of that.
_HOUR_WEIGHTS = (
    *(0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.05, 0.2, 0.6, 1.0, 1.0, 0.9),
    *(0.4, 0.8, 1.0, 0.9, 0.7, 0.35, 0.15, 0.1, 0.08, 0.04, 0.02, 0.01),
)
_WEEKEND, _WEEKEND_WEIGHT = (5, 6), 0.1
_WEEK_WEIGHT = (5 + 2 * _WEEKEND_WEIGHT) * sum(_HOUR_WEIGHTS)
# The time from the beginning of a cycle to the hour or half hour for which its session is planned.
_LEAD_MS = 10 * MINUTE
_START_MS = (-4 * MINUTE, 5 * MINUTE)
_PUNCTUAL_MS, _LATE_MS = 4 * MINUTE, 20 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingKind:
    """A kind of meeting: its share of all meetings, its size, and the length and number of its sessions."""

    share: float
    titles: tuple[str, ...]
    participants: tuple[int, int]
    length_minutes: tuple[int, int]
    sessions_per_week: float
    period_ms: int

    @property
    def live_share(self) -> float:
        """The share of the week in which a meeting of this kind is in session."""
        return self.sessions_per_week * sum(self.length_minutes) / 2 * MINUTE / _WEEK


_KINDS = (
    MeetingKind(
        share=0.04,
        titles=("All hands", "Webinar <b>live</b>"),
        participants=(20, 60),
        length_minutes=(45, 90),
        sessions_per_week=1.5,
        period_ms=2 * HOUR,
    ),
    MeetingKind(
        share=0.06,
        titles=("Support desk", "数学の授業", "Clinic"),
        participants=(4, 12),
        length_minutes=(60, 105),
        sessions_per_week=12,
        period_ms=2 * HOUR,
    ),
    MeetingKind(
        share=0.04,
        titles=("Workshop", "Training"),
        participants=(6, 18),
        length_minutes=(100, 220),
        sessions_per_week=1,
        period_ms=4 * HOUR,
    ),
    MeetingKind(
        share=0.3,
        titles=("Daily", "Équipe produit", 'Q&A, "open"', "Planning", "Review"),
        participants=(3, 9),
        length_minutes=(15, 50),
        sessions_per_week=4,
        period_ms=HOUR,
    ),
    MeetingKind(
        share=0.46,
        titles=("1:1", "Interview", "Board\tmeeting", "Call"),
        participants=(2, 4),
        length_minutes=(4, 30),
        sessions_per_week=0.5,
        period_ms=HOUR,
    ),
)
# The share at which each kind has its own number of sessions per week. A tenth of all meetings is never used.
_NATURAL_LIVE_SHARE = sum(kind.share * kind.live_share for kind in _KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """A timetable of a kind of meeting. Each cycle begins ten minutes before an hour or a half hour.

    `size` is the usual number of participants. `activity` multiplies the sessions per week of the kind.
    """

    kind: MeetingKind
    first_ms: int
    size: int
    activity: float

    def cycle_at(self, at_ms: int) -> int:
        """Return the number of the cycle that an instant falls into; negative before the history begins."""
        return (at_ms - self.first_ms) // self.kind.period_ms

    def draw_stays(self, cycle: int, key: str) -> tuple[Stay, ...]:
        """Draw the stays of a session that is planned for the cycle's hour or half hour."""
        numbers = draw_numbers(key)
        planned_ms = self.first_ms + cycle * self.kind.period_ms + _LEAD_MS
        if not is_within(self._session_share(planned_ms), numbers[0]):
            return ()
        shortest, longest = self.kind.length_minutes
        start_ms = planned_ms + scale(*_START_MS, numbers[1])
        length_ms = scale(shortest * MINUTE, longest * MINUTE, numbers[2])
        last_ms = planned_ms - _LEAD_MS + self.kind.period_ms - KEEP_ALIVE_MS
        participants = max(1, scale(self.size * 6 // 10, self.size * 11 // 10 + 1, numbers[3]))
        return tuple(sorted(_draw_office_stays(key, participants, start_ms, min(start_ms + length_ms, last_ms))))

    def _session_share(self, planned_ms: int) -> float:
        """Return the share of cycles, planned for the same hour of the week, that have a session."""
        cycles_per_week = self.kind.sessions_per_week * self.activity
        return cycles_per_week * _weight_at(planned_ms) * self.kind.period_ms / (HOUR * _WEEK_WEIGHT)


def make_meeting(seed: int, index: int, *, epoch_ms: int, live_share: float) -> Meeting:
    """Make the meeting of a number: heavy, regular, rare or never used."""
    numbers = draw_numbers(f"{seed}/office/{index}")
    kind = _choose_kind(numbers[0])
    created_ms = epoch_ms - scale(DAY, 400 * DAY, numbers[1])
    meeting_id = make_meeting_id(seed, index)
    if kind is None or not live_share:
        title = f"Unused {index}"
        return Meeting(id=meeting_id, index=index, title=title, created_ms=created_ms, timetable=None, is_active=False)
    timetable = WorkingHours(
        kind=kind,
        first_ms=_find_first_cycle(kind, epoch_ms, numbers[2]),
        size=scale(kind.participants[0], kind.participants[1] + 1, numbers[3]),
        activity=live_share / _NATURAL_LIVE_SHARE * scale(50, 151, numbers[4]) / 100,
    )
    title = f"{kind.titles[numbers[5] % len(kind.titles)]} {index}"
    return Meeting(id=meeting_id, index=index, title=title, created_ms=created_ms, timetable=timetable)


def _choose_kind(number: int) -> MeetingKind | None:
    share = 0.0
    for kind in _KINDS:
        share += kind.share
        if is_within(share, number):
            return kind
    return None


def _find_first_cycle(kind: MeetingKind, epoch_ms: int, number: int) -> int:
    """Return the beginning of the cycle that the epoch falls into; three meetings in ten prefer the half hour."""
    hours = number % (kind.period_ms // HOUR)
    phase_ms = hours * HOUR + (30 * MINUTE if is_within(0.3, number) else 0) - _LEAD_MS
    return epoch_ms - (epoch_ms - phase_ms) % kind.period_ms


def _weight_at(at_ms: int) -> float:
    is_weekend = from_ms(at_ms).weekday() in _WEEKEND
    return _HOUR_WEIGHTS[at_ms // HOUR % 24] * (_WEEKEND_WEIGHT if is_weekend else 1)


def _draw_office_stays(key: str, participants: int, first_ms: int, last_ms: int) -> Iterator[Stay]:
    """Draw the stays: most people are there from start to end, give or take some minutes; some leave or return."""
    yield Stay(first_ms, last_ms, 0)
    for index in range(1, participants):
        numbers = draw_numbers(f"{key}/participant/{index}")
        delay_ms = _PUNCTUAL_MS if is_within(0.85, numbers[0]) else _LATE_MS
        joined_ms = scale(first_ms, min(first_ms + delay_ms, last_ms), numbers[1])
        left_ms = last_ms - scale(0, min(90 * SECOND, last_ms - joined_ms), numbers[2])
        if is_within(0.2, numbers[3]):
            left_ms = scale(joined_ms + 1, last_ms, numbers[4])
        yield Stay(joined_ms, left_ms, index)
        if is_within(0.05, numbers[5]) and left_ms < last_ms:
            yield Stay(scale(left_ms, last_ms, numbers[6]), last_ms, index)
