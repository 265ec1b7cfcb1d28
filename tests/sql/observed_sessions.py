"""The sessions of the recorded world as its snapshots and final figures show them, computed without SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from tests.sql.placing import PlacedSession
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
    def _placed(self) -> PlacedSession:
        return PlacedSession(
            started_at=self.session.started_at,
            ended_at=self.last_at,
            minutes=Fraction(self.minutes),
            readings=[(at, self.session.live_participants(at)) for at in self.observed_at],
        )

    def minutes_between(self, since: datetime, until: datetime) -> float:
        """Return the minutes that reports place in a period."""
        return float(self._placed.minutes_between(since, until))


def observed_sessions(recorded: Recorded) -> list[ObservedSession]:
    """Return every session with a row in the database."""
    observed = []
    for session in recorded.sessions(FIRST - timedelta(days=1)):
        slots = [slot for slot in recorded.slots() if slot != HURRIED and session.started_at <= slot < session.ended_at]
        if slots or session.ended_at <= RECONCILED_AT:
            observed.append(ObservedSession(session, slots))
    return observed
