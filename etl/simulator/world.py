"""A seeded world: its meetings, their sessions and its day totals at any instant, from the seed and the time alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, get_args

from etl.simulator.clock import DAY, HOUR, from_ms, to_ms
from etl.simulator.seeded_random import SessionIds, draw_numbers
from etl.simulator.sessions import KEEP_ALIVE_MS, MAX_PERIOD_MS, Booking, Session, make_meeting
from etl.simulator.stays import UNITS_PER_MINUTE, draw_stays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from etl.simulator.sessions import Meeting, Payload, Status

# A Monday.
DEFAULT_EPOCH = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotal:
    """A UTC day of the app: the sessions that started on the day, and the minutes consumed within it."""

    day: date
    sessions: int
    minutes: float


@dataclass(frozen=True, kw_only=True)  # without slots, because cached properties need a dictionary
class World:
    """An app whose history of `meetings` rooms has about `live_share` (0 to 1) of them in session at any instant.

    The history begins with the sessions under way at `epoch` and depends on seed and time alone: questions in any
    order, or asked twice, get the same answer. The sessions kept in memory are a cache. `booking` says when the minutes
    of a participant are added to a session's total: "on-leave" or "steady" (see `Session`).
    """

    seed: int = 1
    meetings: int = 60
    live_share: float = 0.3
    booking: Booking = "on-leave"
    epoch: datetime = DEFAULT_EPOCH
    account_id: str = "simulated-account"
    app_id: str = "simulated-app"
    app_name: str = "Simulated app"

    def __post_init__(self) -> None:
        if self.meetings < 0:
            raise ValueError(f"a world of {self.meetings} meetings: the number must be 0 or more")
        if not 0 <= self.live_share <= 1:
            raise ValueError(f"a live share of {self.live_share}: a share is a number from 0 to 1")
        if self.booking not in get_args(Booking):
            raise ValueError(f"a booking of {self.booking}: it must be one of {', '.join(get_args(Booking))}")
        if self.epoch.tzinfo is None:
            raise ValueError(f"the epoch {self.epoch.isoformat()} has no time zone")

    @cached_property
    def all_meetings(self) -> list[Meeting]:
        """Every meeting, in the order of its number."""
        epoch_ms, share = to_ms(self.epoch), self.live_share
        return [make_meeting(self.seed, n, epoch_ms=epoch_ms, live_share=share) for n in range(self.meetings)]

    @cached_property
    def meeting_ids(self) -> list[str]:
        """The IDs of all meetings, in the order of their number: UUIDs and a few V1 room names."""
        return [meeting.id for meeting in self.all_meetings]

    def meeting(self, meeting_id: str) -> Meeting | None:
        """Find a meeting by its ID, or None."""
        return self._meetings_by_id.get(meeting_id)

    def active_session(self, meeting_id: str, at: datetime) -> Payload | None:
        """Describe the meeting's session that is LIVE at the instant as the API does, or None.

        Costs some microseconds, however large the world is and however long its history.
        """
        meeting, at_ms = self.meeting(meeting_id), to_ms(at)
        session = self._session_in(meeting.index, meeting.cycle_at(at_ms)) if meeting else None
        return session.payload(at_ms) if session and session.started_ms <= at_ms < session.ended_ms else None

    def session(self, session_id: str, at: datetime) -> Payload | None:
        """Describe a session as the API does, or None if no session of that ID has started by the instant."""
        index_and_cycle, at_ms = self._ids.parse(session_id), to_ms(at)
        if index_and_cycle is None or index_and_cycle[0] >= self.meetings:
            return None
        session = self._session_in(*index_and_cycle)
        if session is None or session.id != session_id or session.started_ms > at_ms:
            return None
        return session.payload(at_ms)

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
        first = to_ms(since) if since else self._earliest_ms
        last = min(at_ms, to_ms(until)) if until else at_ms
        if status == "LIVE":
            sessions = [one for one in self._live_at(at_ms) if first <= one.started_ms <= last]
        else:
            sessions = [one for one in self._started(first, last) if status is None or one.ended_ms <= at_ms]
        return sessions if meeting_id is None else [one for one in sessions if one.meeting_id == meeting_id]

    def sessions_between(self, start: datetime, end: datetime) -> list[Session]:
        """List the sessions under way at any time from `start` up to, not including, `end`."""
        return self._under_way(to_ms(start), to_ms(end) - 1)

    def units_between(self, since: datetime, until: datetime) -> int:
        """Return the truth: the participants' time from `since` to `until`, in ten-thousandths of a minute.

        It does not depend on the booking. Breakout rooms are not counted again.
        """
        return sum(one.units_between(since, until) for one in self.sessions_between(since, until))

    def day_totals(self, start: date, end: date, at: datetime) -> list[DayTotal]:
        """Total each UTC day from `start` to `end`, both included, up to the instant `at`.

        A session counts on the day it started. The minutes of a day are those that truly happened within it, however
        they are booked: the days of a session add up to its final total exactly. Breakout rooms are not counted again.
        """
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        return [self._day_total(day, to_ms(at)) for day in days]

    def _day_total(self, day: date, at_ms: int) -> DayTotal:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        start_ms = to_ms(start)
        started = sum(one.started_ms >= start_ms for one in self._under_way(start_ms, min(start_ms + DAY - 1, at_ms)))
        end = from_ms(max(start_ms, min(start_ms + DAY, at_ms)))
        return DayTotal(day=day, sessions=started, minutes=self.units_between(start, end) / UNITS_PER_MINUTE)

    @cached_property
    def _meetings_by_id(self) -> dict[str, Meeting]:
        return {meeting.id: meeting for meeting in self.all_meetings}

    @cached_property
    def _ids(self) -> SessionIds:
        return SessionIds(self.seed)

    @cached_property
    def _earliest_ms(self) -> int:
        return to_ms(self.epoch) - MAX_PERIOD_MS

    def _under_way(self, first_ms: int, last_ms: int) -> list[Session]:
        return [one for one in self._started(first_ms - MAX_PERIOD_MS, last_ms) if one.ended_ms > first_ms]

    def _started(self, first_ms: int, last_ms: int) -> list[Session]:
        started: list[Session] = []
        for hour in range(max(first_ms, self._earliest_ms) // HOUR, last_ms // HOUR + 1):
            begin_ms = max(first_ms, hour * HOUR)
            started += [one for one in self._sessions_in_hour(hour) if begin_ms <= one.started_ms <= last_ms]
        return started

    @cached_property
    def _live_at(self) -> Callable[[int], list[Session]]:
        # While the clock stands still, all pages are cut from one list.
        return lru_cache(maxsize=4)(
            lambda at_ms: _select_overlapping(self._sessions_in_hour(at_ms // HOUR), at_ms, at_ms)
        )

    @cached_property
    def _sessions_in_hour(self) -> Callable[[int], list[Session]]:
        # Pages of one list are requested one after the other: each hour is sorted once.
        return lru_cache(maxsize=1024)(self._list_sessions_in_hour)

    def _list_sessions_in_hour(self, hour: int) -> list[Session]:
        first, last = hour * HOUR, (hour + 1) * HOUR - 1
        sessions = (
            self._session_in(meeting.index, cycle)
            for meeting in self.all_meetings
            if meeting.live_share
            for cycle in range(max(0, meeting.cycle_at(first)), meeting.cycle_at(last) + 1)
        )
        overlapping = _select_overlapping((one for one in sessions if one), first, last)
        return sorted(overlapping, key=lambda one: (one.started_ms, one.id))

    @cached_property
    def _session_in(self) -> Callable[[int, int], Session | None]:
        return lru_cache(maxsize=1 << 18)(self._make_session)

    def _make_session(self, index: int, cycle: int) -> Session | None:
        meeting = self.all_meetings[index]
        key = f"{self.seed}/session/{index}/{cycle}"
        numbers = draw_numbers(key)
        span = meeting.session_span(cycle, numbers)
        if span is None:
            return None
        return Session(
            id=self._ids.make(index, cycle, numbers[4]),
            meeting_id=meeting.id,
            app_id=self.app_id,
            title=meeting.title,
            stays=draw_stays(key, span[0], span[1] - KEEP_ALIVE_MS),
            ended_ms=span[1],
            key=key,
            booking=self.booking,
        )


def _select_overlapping(sessions: Iterable[Session], first_ms: int, last_ms: int) -> list[Session]:
    return [one for one in sessions if one.started_ms <= last_ms and first_ms < one.ended_ms]
