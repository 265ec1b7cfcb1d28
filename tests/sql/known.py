"""What can be known of the recorded world from its snapshots and final figures: worked out without any SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tests.sql.recorded import FIRST, HURRIED, RECONCILED_AT

if TYPE_CHECKING:
    from datetime import datetime

    from etl.simulator.sessions import Session
    from tests.sql.recorded import Recorded


@dataclass(frozen=True)
class Known:
    """What may be known of a session: when it was seen, and its end if that was past when final figures were taken."""

    session: Session
    seen_at: list[datetime]

    @property
    def is_final(self) -> bool:
        """Whether its end is known."""
        return self.session.ended_at <= RECONCILED_AT

    @property
    def last_at(self) -> datetime:
        """Its end, or when it was last seen."""
        return self.session.ended_at if self.is_final else self.seen_at[-1]

    @property
    def minutes(self) -> float:
        """The total by then."""
        return self.session.minutes_consumed(self.last_at)

    @property
    def most(self) -> int:
        """The most participants by then."""
        return self.session.max_concurrent_participants(self.last_at)

    @cached_property
    def _points(self) -> list[tuple[float, float]]:
        instants = [*self.seen_at, *([self.last_at] if self.is_final else [])]
        totals = [(at.timestamp(), self.session.minutes_consumed(at)) for at in instants]
        return [(self.session.started_at.timestamp(), 0.0), *totals]

    def total_at(self, at: datetime) -> float:
        """The total at an instant: evenly between what is known."""
        second = at.timestamp()
        (before, total), *rest = self._points
        for after, next_total in rest:
            if before <= second < after:
                return total + (next_total - total) * (second - before) / (after - before)
            before, total = after, next_total
        return 0.0 if second < self.session.started_at.timestamp() else total

    def growth(self, since: datetime, until: datetime) -> float:
        """How much of the total falls into a period."""
        return self.total_at(until) - self.total_at(since)


def known_sessions(recorded: Recorded) -> list[Known]:
    """Every session of which there is a row."""
    found = []
    for session in recorded.sessions(FIRST - timedelta(days=1)):
        slots = [one for one in recorded.slots() if one != HURRIED and session.started_at <= one < session.ended_at]
        if slots or session.ended_at <= RECONCILED_AT:
            found.append(Known(session, slots))
    return found
