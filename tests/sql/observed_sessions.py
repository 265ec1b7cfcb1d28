"""The sessions of the recorded world as its snapshots and final figures show them, computed without SQL."""

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
class ObservedSession:
    """A session, the slots that observed it, and its end if that preceded the reconcile."""

    session: Session
    observed_at: list[datetime]

    @property
    def is_final(self) -> bool:
        """True if its final figures were fetched."""
        return self.session.ended_at <= RECONCILED_AT

    @property
    def last_at(self) -> datetime:
        """The end if it is known, else the last observation."""
        return self.session.ended_at if self.is_final else self.observed_at[-1]

    @property
    def minutes(self) -> float:
        """The total by then."""
        return self.session.minutes_consumed(self.last_at)

    @property
    def max_participants(self) -> int:
        """The most participants by then."""
        return self.session.max_concurrent_participants(self.last_at)

    @cached_property
    def _points(self) -> list[tuple[float, float]]:
        instants = [*self.observed_at, *([self.last_at] if self.is_final else [])]
        totals = [(at.timestamp(), self.session.minutes_consumed(at)) for at in instants]
        return [(self.session.started_at.timestamp(), 0.0), *totals]

    def total_at(self, at: datetime) -> float:
        """Return the total at an instant. It grows evenly between readings."""
        second = at.timestamp()
        (before, total), *rest = self._points
        for after, next_total in rest:
            if before <= second < after:
                return total + (next_total - total) * (second - before) / (after - before)
            before, total = after, next_total
        return 0.0 if second < self.session.started_at.timestamp() else total

    def growth(self, since: datetime, until: datetime) -> float:
        """Return the growth of the total in a period."""
        return self.total_at(until) - self.total_at(since)


def observed_sessions(recorded: Recorded) -> list[ObservedSession]:
    """Return every session with a row in the database."""
    observed = []
    for session in recorded.sessions(FIRST - timedelta(days=1)):
        slots = [slot for slot in recorded.slots() if slot != HURRIED and session.started_at <= slot < session.ended_at]
        if slots or session.ended_at <= RECONCILED_AT:
            observed.append(ObservedSession(session, slots))
    return observed
