"""A meeting, and the interface of its timetable: at most one session in each cycle, so at most one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from etl.simulator.clock import HOUR, SECOND, to_iso

if TYPE_CHECKING:
    from etl.simulator.stays import Stay

KEEP_ALIVE_MS = 60 * SECOND
MAX_PERIOD_MS = 4 * HOUR

Payload = dict[str, Any]


class Timetable(Protocol):
    """The times of a meeting's sessions. Cycles follow one another without a gap, each `MAX_PERIOD_MS` long at most."""

    def cycle_at(self, at_ms: int) -> int:
        """Return the number of the cycle that an instant falls into; negative before the history begins."""

    def draw_stays(self, cycle: int, key: str) -> tuple[Stay, ...]:
        """Draw the stays of a cycle's session in the order of joining, or no stays if the cycle has no session.

        The key decides all that the cycle leaves open. The session ends within its cycle, the keep-alive included.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A reusable room. Without a timetable its only sessions are those added to its world."""

    id: str
    index: int
    title: str
    created_ms: int
    timetable: Timetable | None
    is_active: bool = True

    @property
    def status(self) -> str:
        """The status: ACTIVE, or INACTIVE if nobody can join."""
        return "ACTIVE" if self.is_active else "INACTIVE"

    def payload(self) -> Payload:
        """Describe the meeting as an entry of the list of meetings."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "session_keep_alive_time_in_secs": KEEP_ALIVE_MS // SECOND,
            "created_at": to_iso(self.created_ms),
            "updated_at": to_iso(self.created_ms),
        }
