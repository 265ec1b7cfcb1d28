"""One live use of a meeting, from its first join to its end, and what the API says about it at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from etl.simulator.chance import between, draws
from etl.simulator.identity import uuid_of
from etl.simulator.instants import MINUTE, SECOND, from_ms, iso, to_ms

if TYPE_CHECKING:
    from datetime import datetime

KEEP_ALIVE_MS = 60 * SECOND

Payload = dict[str, Any]
Status = Literal["LIVE", "ENDED"]

_UNIT_MS = MINUTE // 10_000
_TYPES = ("meeting",) * 17 + ("livestream", "livestream", "participant")
_MOST_PARTICIPANTS = 8
_REGIONS = ("weur", "enam", "apac")


@dataclass(frozen=True, slots=True)
class Session:
    """A session's whole life. Instants are milliseconds since 1970, and its end is not part of it.

    `key` settles everything that is not said here: who joins when, the type, the optional fields.
    """

    id: str
    meeting_id: str
    app_id: str
    title: str
    started_ms: int
    ended_ms: int
    key: str
    is_breakout: bool = False

    @property
    def started_at(self) -> datetime:
        """The instant of the first join, UTC."""
        return from_ms(self.started_ms)

    @property
    def ended_at(self) -> datetime:
        """The instant from which on the session is ENDED, UTC: its keep-alive after the last one left."""
        return from_ms(self.ended_ms)

    @property
    def type(self) -> str:
        """Either meeting, or now and then livestream or participant."""
        return _TYPES[0] if self.is_breakout else _TYPES[self._traits()[0] % len(_TYPES)]

    def participants(self) -> list[tuple[int, int]]:
        """Every stay as (join, leave) in milliseconds, the host's first, who stays from first to last.

        The session remains LIVE for a keep-alive of 60 s after the last one leaves.
        """
        last_leave = self.ended_ms - KEEP_ALIVE_MS
        numbers = draws(f"{self.key}/participants")
        stays = [(self.started_ms, last_leave)]
        for index in range(numbers[14] % _MOST_PARTICIPANTS):
            join = between(self.started_ms, last_leave, numbers[index])
            stays.append((join, between(join, last_leave, numbers[index + 7])))
        return stays

    def status(self, at_ms: int) -> Status:
        """Tell the status at an instant (milliseconds) at which the session has started."""
        return "LIVE" if at_ms < self.ended_ms else "ENDED"

    def live_participants(self, at: datetime) -> int:
        """Count who is there at the instant; 0 during the keep-alive and after the end."""
        return _present(self.participants(), to_ms(at))

    def max_concurrent_participants(self, at: datetime) -> int:
        """Count the most who were there at one time, up to the instant."""
        return _peak(self.participants(), to_ms(at))

    def minutes_consumed(self, at: datetime) -> float:
        """Sum the participants' time up to the instant, in minutes of four decimals; it never falls.

        The figure's meaning is documented nowhere: participant-minutes that grow with every second are
        the simulator's own choice.
        """
        return self.units(to_ms(at)) / 10_000

    def units(self, at_ms: int) -> int:
        """Sum the same time in ten-thousandths of a minute: whole numbers, so that days add up exactly."""
        return _stayed(self.participants(), at_ms) // _UNIT_MS

    def breakout_rooms(self) -> list[Session]:
        """Give the child sessions: one for one meeting in ten, over the second quarter of its time."""
        if self.is_breakout or self.type != "meeting" or self._traits()[1] % 10:
            return []
        key = f"{self.key}/breakout"
        quarter = (self.ended_ms - self.started_ms) // 4
        starts = self.started_ms + quarter
        ends = starts + quarter + KEEP_ALIVE_MS
        room = uuid_of(f"{key}/room")
        return [Session(uuid_of(key), room, self.app_id, "Breakout 1", starts, ends, key, is_breakout=True)]

    def payload(self, at_ms: int) -> Payload:
        """Say what the API says at an instant (milliseconds), in the shape api descriptions call a Session.

        `meeting_display_name` is missing now and then although it is described as required, as in a
        published answer; `ended_at` is there once the session has ended, `breakout_rooms` and `meta`
        for some.
        """
        stays = self.participants()
        return {
            "id": self.id,
            "associated_id": self.meeting_id,
            **self._title(),
            "type": self.type,
            "status": self.status(at_ms),
            "live_participants": _present(stays, at_ms),
            "max_concurrent_participants": _peak(stays, at_ms),
            "minutes_consumed": _stayed(stays, at_ms) // _UNIT_MS / 10_000,
            "organization_id": self.app_id,
            "created_at": iso(self.started_ms),
            "started_at": iso(self.started_ms),
            "updated_at": iso(self._changed(stays, at_ms)),
            **self._optional(at_ms),
        }

    def _title(self) -> Payload:
        return {"meeting_display_name": self.title} if self._traits()[2] % 20 else {}

    def _optional(self, at_ms: int) -> Payload:
        fields: Payload = {}
        if at_ms >= self.ended_ms:
            fields["ended_at"] = iso(self.ended_ms)
        rooms = [room.payload(at_ms) for room in self.breakout_rooms() if room.started_ms <= at_ms]
        if rooms:
            fields["breakout_rooms"] = rooms
        if self._traits()[3] % 8 == 0:
            fields["meta"] = {"region": _REGIONS[self._traits()[4] % len(_REGIONS)]}
        return fields

    def _changed(self, stays: list[tuple[int, int]], at_ms: int) -> int:
        moments = [moment for stay in stays for moment in stay if moment <= at_ms]
        return max((*moments, self.ended_ms if at_ms >= self.ended_ms else self.started_ms))

    def _traits(self) -> tuple[int, ...]:
        return draws(f"{self.key}/traits")


def _present(stays: list[tuple[int, int]], at_ms: int) -> int:
    return sum(join <= at_ms < leave for join, leave in stays)


def _peak(stays: list[tuple[int, int]], at_ms: int) -> int:
    # The number present can only be at its greatest when somebody has just joined.
    return max((_present(stays, join) for join, _ in stays if join <= at_ms), default=0)


def _stayed(stays: list[tuple[int, int]], at_ms: int) -> int:
    return sum(min(leave, at_ms) - join for join, leave in stays if join < at_ms)
