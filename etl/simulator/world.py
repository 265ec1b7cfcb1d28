"""What is so: meetings, their sessions and the day totals at any instant, from a seed and the time alone."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from etl.simulator.history import History
from etl.simulator.instants import DAY, to_ms
from etl.simulator.meeting import MAX_PERIOD_MS, make_meeting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from etl.simulator.meeting import Meeting
    from etl.simulator.session import Payload, Session, Status

# A Monday.
DEFAULT_EPOCH = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DayTotal:
    """A UTC day of the app: the sessions that started on it, and the minutes consumed within it."""

    day: date
    sessions: int
    minutes: float


@dataclass(frozen=True)
class World:
    """A seeded history of `meetings` rooms, of which `live_share` (0 to 1) are in session at any instant.

    The history begins with the sessions under way at `epoch`. It is a pure function of seed and time:
    asking in any order, or asking twice, changes nothing; what is kept in memory is only a cache.
    """

    seed: int = 1
    meetings: int = 60
    _: KW_ONLY
    live_share: float = 0.3
    epoch: datetime = DEFAULT_EPOCH
    account_id: str = "simulated-account"
    app_id: str = "simulated-app"
    app_name: str = "Simulated app"

    def __post_init__(self) -> None:
        if self.meetings < 0:
            raise ValueError(f"{self.meetings} meetings: there can't be fewer than none")
        if not 0 <= self.live_share <= 1:
            raise ValueError(f"a live share of {self.live_share}: it is a share, from 0 to 1")
        if self.epoch.tzinfo is None:
            raise ValueError(f"the epoch {self.epoch.isoformat()} has no time zone")

    @cached_property
    def all_meetings(self) -> list[Meeting]:
        """Every meeting, in the order of its number."""
        epoch_ms = to_ms(self.epoch)
        share = self.live_share
        return [make_meeting(self.seed, n, epoch_ms=epoch_ms, live_share=share) for n in range(self.meetings)]

    @cached_property
    def meeting_ids(self) -> list[str]:
        """The IDs of all meetings, in the order of their number: UUIDs and a few V1 room names."""
        return [meeting.id for meeting in self.all_meetings]

    def meeting(self, meeting_id: str) -> Meeting | None:
        """Find a meeting by its ID, or None."""
        return self._by_id.get(meeting_id)

    def active_session(self, meeting_id: str, at: datetime) -> Payload | None:
        """Say what the API says of the meeting's session that is LIVE at the instant, or None.

        Costs some microseconds, however large the world and however long its history.
        """
        meeting = self._by_id.get(meeting_id)
        at_ms = to_ms(at)
        session = self._history.live_in(meeting, at_ms) if meeting else None
        return session.payload(at_ms) if session else None

    def session(self, session_id: str, at: datetime) -> Payload | None:
        """Say what the API says of a session, or None if no session of that ID has started by then."""
        found = self._history.find(session_id)
        at_ms = to_ms(at)
        return found.payload(at_ms) if found and found.started_ms <= at_ms else None

    def sessions(
        self,
        at: datetime,
        status: Status | None = None,
        *,
        meeting_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Session]:
        """List the sessions started by `at`, in the order of their start, then of their ID.

        `since` and `until` bound the start, both included. `status` is the status at `at`.
        """
        at_ms = to_ms(at)
        first = to_ms(since or self.epoch) - (0 if since else MAX_PERIOD_MS)
        last = min(at_ms, to_ms(until)) if until else at_ms
        if meeting_id is None and status == "LIVE":
            live = self._history.live(at_ms)
            # Unbounded, as a poller asks for every page of it, it is not gone through once more.
            return [one for one in live if first <= one.started_ms <= last] if since or until else live
        if meeting_id is None:
            found = self._history.started(first, last)
        else:
            meeting = self._by_id.get(meeting_id)
            found = list(self._history.of(meeting, first, last)) if meeting else []
        return found if status is None else [one for one in found if one.status(at_ms) == status]

    def sessions_between(self, start: datetime, end: datetime) -> list[Session]:
        """List the sessions under way at any time from `start` up to, not including, `end`."""
        return self._history.under_way(to_ms(start), to_ms(end) - 1)

    def day_totals(self, start: date, end: date, at: datetime) -> list[DayTotal]:
        """Total each UTC day from `start` to `end`, both included, up to the instant `at`.

        A session counts on the day it started; its minutes are the growth of its total within the day,
        so the days of a session add up to its total exactly. Breakout rooms are not counted again.
        """
        at_ms = to_ms(at)
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        return [self._day_total(day, at_ms) for day in days]

    def _day_total(self, day: date, at_ms: int) -> DayTotal:
        start_ms = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
        if at_ms < start_ms:
            return DayTotal(day, 0, 0.0)
        last_ms = min(start_ms + DAY - 1, at_ms)
        sessions, units = self._day_figures(start_ms, last_ms, min(start_ms + DAY, at_ms))
        return DayTotal(day, sessions, units / 10_000)

    @cached_property
    def _day_figures(self) -> Callable[[int, int, int], tuple[int, int]]:
        # A day that is over is asked for again and again with the same bounds.
        return lru_cache(maxsize=512)(self._count_day)

    def _count_day(self, start_ms: int, last_ms: int, until_ms: int) -> tuple[int, int]:
        sessions = self._history.under_way(start_ms, last_ms)
        grown = sum(one.units(until_ms) - one.units(start_ms) for one in sessions)
        return sum(one.started_ms >= start_ms for one in sessions), grown

    @cached_property
    def _by_id(self) -> dict[str, Meeting]:
        return {meeting.id: meeting for meeting in self.all_meetings}

    @cached_property
    def _history(self) -> History:
        epoch_ms = to_ms(self.epoch)
        return History(self.all_meetings, seed=self.seed, app_id=self.app_id, epoch_ms=epoch_ms)
