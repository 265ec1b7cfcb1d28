"""A meeting with its timetable, and a session from its first join to its end, as the API describes them.

A meeting has at most one session in each cycle of its timetable, so at most one at a time. The fields are those of the
published description; which optional ones a session has, and how often, is the simulator's choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from etl.simulator.clock import DAY, HOUR, MINUTE, SECOND, from_ms, to_iso, to_ms
from etl.simulator.seeded_random import draw_numbers, is_within, make_meeting_id, make_uuid, scale
from etl.simulator.stays import (
    UNITS_PER_MINUTE,
    count_present,
    draw_stays,
    find_peak,
    sum_ended_stays,
    sum_presence,
)

if TYPE_CHECKING:
    from datetime import datetime

    from etl.simulator.stays import Stay

MAX_PERIOD_MS = 4 * HOUR
KEEP_ALIVE_MS = 60 * SECOND

Payload = dict[str, Any]
Status = Literal["LIVE", "ENDED"]
Booking = Literal["on-leave", "steady"]

_MIN_PERIOD_MS = 2 * HOUR
_SHORT_MS = (2 * MINUTE, 3 * MINUTE)
_SHORT_MEAN_MS = sum(_SHORT_MS) / 2
_MIN_LONG_MS = 5 * MINUTE
_MIN_MEAN_MS = 20 * MINUTE
_NEVER_USED_SHARE = 0.1
# Text that careless readers of JSON, CSV or HTML would break.
_TITLES = ("Daily", "Équipe produit", 'Q&A, "open"', "<b>Support</b>", "数学の授業", "Board\tmeeting")
_TYPES = ("meeting",) * 17 + ("livestream", "livestream", "participant")
_REGIONS = ("weur", "enam", "apac")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A reusable room. Cycle 0 starts at `first_ms`, each cycle lasts `period_ms`, sessions fill `live_share` of it."""

    id: str
    index: int
    title: str
    created_ms: int
    first_ms: int
    period_ms: int
    live_share: float

    def cycle_at(self, at_ms: int) -> int:
        """Return the number of the cycle that an instant falls into; negative before the history begins."""
        return (at_ms - self.first_ms) // self.period_ms

    def session_span(self, cycle: int, numbers: tuple[int, ...]) -> tuple[int, int] | None:
        """Place a cycle's session as (start, end) in milliseconds, or None if the cycle has no session."""
        length = self._session_length(numbers)
        if cycle < 0 or not length:
            return None
        start = self.first_ms + cycle * self.period_ms + scale(0, self.period_ms - length + 1, numbers[3])
        return start, start + length

    def payload(self) -> Payload:
        """Describe the meeting as an entry of the list of meetings."""
        return {
            "id": self.id,
            "title": self.title,
            "status": "ACTIVE" if self.live_share else "INACTIVE",
            "session_keep_alive_time_in_secs": KEEP_ALIVE_MS // SECOND,
            "created_at": to_iso(self.created_ms),
            "updated_at": to_iso(self.created_ms),
        }

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
    return Meeting(
        id=make_meeting_id(seed, index),
        index=index,
        title=f"{_TITLES[numbers[2] % len(_TITLES)]} {index}",
        created_ms=epoch_ms - scale(DAY, 90 * DAY, numbers[3]),
        first_ms=epoch_ms - scale(0, period, numbers[4]),
        period_ms=period,
        live_share=0.0 if is_within(never_share, numbers[0]) else live_share / (1 - never_share),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session's whole life: the stays of its participants, in the order of joining, and its end.

    Instants are milliseconds since 1970; the end is not part of the session. `booking` says when minutes are added to
    the total: "on-leave" adds those of a participant at once when the participant leaves, "steady" adds them while they
    pass. The final total is the same. `key` decides the type and the optional fields.
    """

    id: str
    meeting_id: str
    app_id: str
    title: str
    stays: tuple[Stay, ...]
    ended_ms: int
    key: str
    booking: Booking = "on-leave"
    is_breakout: bool = False

    @property
    def started_ms(self) -> int:
        """The instant of the first join."""
        return self.stays[0].joined_ms

    @property
    def started_at(self) -> datetime:
        """The instant of the first join, UTC."""
        return from_ms(self.started_ms)

    @property
    def ended_at(self) -> datetime:
        """The instant from which the session is ENDED, UTC: 60 s (its keep-alive) after the last participant left."""
        return from_ms(self.ended_ms)

    @property
    def type(self) -> str:
        """The type: mostly meeting, sometimes livestream or participant."""
        return _TYPES[0] if self.is_breakout else _TYPES[self._traits()[0] % len(_TYPES)]

    def status(self, at_ms: int) -> Status:
        """Return the status at an instant (milliseconds) that is not before the start."""
        return "LIVE" if at_ms < self.ended_ms else "ENDED"

    def live_participants(self, at: datetime) -> int:
        """Count the participants present at the instant; 0 during the keep-alive and after the end."""
        return count_present(self.stays, to_ms(at))

    def max_concurrent_participants(self, at: datetime) -> int:
        """Return the greatest number of participants present at one time, up to the instant."""
        return find_peak(self.stays, to_ms(at))

    def minutes_consumed(self, at: datetime) -> float:
        """Return the total that the API reports at the instant, in minutes of four decimals; it never falls.

        No published page defines the figure. Published examples suggest participant-minutes, booked on leaving.
        """
        return self._booked_units(to_ms(at)) / UNITS_PER_MINUTE

    def units_between(self, since: datetime, until: datetime) -> int:
        """Return the truth: the participants' time from `since` to `until`, in ten-thousandths of a minute.

        It does not depend on the booking. Periods that follow one another add up exactly to the final total.
        """
        return sum_presence(self.stays, to_ms(until)) - sum_presence(self.stays, to_ms(since))

    def breakout_rooms(self) -> list[Session]:
        """Return the child sessions: one for one meeting in ten, in the second quarter of its time."""
        if self.is_breakout or self.type != "meeting" or self._traits()[1] % 10:
            return []
        key = f"{self.key}/breakout"
        quarter = (self.ended_ms - self.started_ms) // 4
        last_leave_ms = self.started_ms + 2 * quarter
        child = Session(
            id=make_uuid(key),
            meeting_id=make_uuid(f"{key}/room"),
            app_id=self.app_id,
            title="Breakout 1",
            stays=draw_stays(key, self.started_ms + quarter, last_leave_ms),
            ended_ms=last_leave_ms + KEEP_ALIVE_MS,
            key=key,
            booking=self.booking,
            is_breakout=True,
        )
        return [child]

    def payload(self, at_ms: int) -> Payload:
        """Describe the session at an instant (milliseconds) as the API does.

        `meeting_display_name` is described as required, yet missing in a published answer: here it is missing for one
        session in twenty. `ended_at` is present once the session has ended, `breakout_rooms` and `meta` for some.
        """
        title = {"meeting_display_name": self.title} if self._traits()[2] % 20 else {}
        return {
            "id": self.id,
            "associated_id": self.meeting_id,
            **title,
            "type": self.type,
            "status": self.status(at_ms),
            "live_participants": count_present(self.stays, at_ms),
            "max_concurrent_participants": find_peak(self.stays, at_ms),
            "minutes_consumed": self._booked_units(at_ms) / UNITS_PER_MINUTE,
            "organization_id": self.app_id,
            "created_at": to_iso(self.started_ms),
            "started_at": to_iso(self.started_ms),
            "updated_at": to_iso(self._find_last_change(at_ms)),
            **self._optional_fields(at_ms),
        }

    def _booked_units(self, at_ms: int) -> int:
        sum_booked = sum_ended_stays if self.booking == "on-leave" else sum_presence
        return sum_booked(self.stays, at_ms)

    def _optional_fields(self, at_ms: int) -> Payload:
        fields: Payload = {}
        if at_ms >= self.ended_ms:
            fields["ended_at"] = to_iso(self.ended_ms)
        rooms = [room.payload(at_ms) for room in self.breakout_rooms() if room.started_ms <= at_ms]
        if rooms:
            fields["breakout_rooms"] = rooms
        if self._traits()[3] % 8 == 0:
            fields["meta"] = {"region": _REGIONS[self._traits()[4] % len(_REGIONS)]}
        return fields

    def _find_last_change(self, at_ms: int) -> int:
        moments = [moment for stay in self.stays for moment in stay if moment <= at_ms]
        return max((*moments, self.ended_ms if at_ms >= self.ended_ms else self.started_ms))

    def _traits(self) -> tuple[int, ...]:
        return draw_numbers(f"{self.key}/traits")
