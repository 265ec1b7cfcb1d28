"""A session from its first join to its end, as the API describes it.

The fields are those of the published description; which optional ones a session has, and how often, is the simulator's
choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from etl.simulator.clock import MINUTE, from_ms, to_iso, to_ms
from etl.simulator.meetings import KEEP_ALIVE_MS
from etl.simulator.seeded_random import draw_numbers, make_uuid
from etl.simulator.stays import (
    UNITS_PER_MINUTE,
    Stay,
    count_present,
    draw_stays,
    find_peak,
    sum_ended_stays,
    sum_presence,
)

if TYPE_CHECKING:
    from datetime import datetime

    from etl.simulator.meetings import Payload
Status = Literal["LIVE", "ENDED"]
Booking = Literal["on-leave", "steady"]

_TYPES = ("meeting",) * 17 + ("livestream", "livestream", "participant")
_REGIONS = ("weur", "enam", "apac")
# A key that gives the type meeting and no breakout rooms.
_PLAIN_KEY = "handmade"


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

    def participant_ids(self, at: datetime) -> set[str]:
        """Return the IDs of all who have joined by the instant. A person keeps the ID in all sessions of a meeting."""
        numbers = {stay.participant for stay in self.stays if stay.joined_ms <= to_ms(at)}
        return {make_uuid(f"{self.meeting_id}/participant/{number}") for number in numbers}

    def recording_minutes(self, at: datetime) -> int | None:
        """Return the whole minutes recorded by the instant, or None: one session in four is recorded from its start."""
        if self._traits()[5] % 4:
            return None
        return (min(to_ms(at), self.ended_ms - KEEP_ALIVE_MS) - self.started_ms) // MINUTE

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
        moments = [at for stay in self.stays for at in (stay.joined_ms, stay.left_ms) if at <= at_ms]
        return max((*moments, self.ended_ms if at_ms >= self.ended_ms else self.started_ms))

    def _traits(self) -> tuple[int, ...]:
        return draw_numbers(f"{self.key}/traits")


def make_session(meeting_id: str, *stays: tuple[datetime, datetime]) -> Session:
    """Make a session by hand, of the instants at which each participant joined and left; see `World.added_sessions`.

    It is of the type meeting, has no breakout rooms, and ends 60 s after the last participant has left.
    """
    in_ms = sorted(Stay(to_ms(joined_at), to_ms(left_at), number) for number, (joined_at, left_at) in enumerate(stays))
    if not in_ms or any(stay.joined_ms >= stay.left_ms for stay in in_ms):
        raise ValueError(f"a session of {meeting_id} needs at least one stay, and a stay ends after it begins")
    return Session(
        id=make_uuid(f"{meeting_id}/{in_ms[0].joined_ms}"),
        meeting_id=meeting_id,
        app_id="",
        title=meeting_id,
        stays=tuple(in_ms),
        ended_ms=max(stay.left_ms for stay in in_ms) + KEEP_ALIVE_MS,
        key=_PLAIN_KEY,
    )
