"""Every session there ever was, worked out when asked for: from one cycle of one meeting to a span of all."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from etl.simulator.chance import draws
from etl.simulator.identity import SessionNames
from etl.simulator.instants import HOUR, MINUTE
from etl.simulator.meeting import MAX_PERIOD_MS
from etl.simulator.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from etl.simulator.meeting import Meeting


class History:
    """The sessions of some meetings, from those under way at `epoch_ms` on. Instants are milliseconds.

    Nothing in it changes: what it keeps are sessions it has worked out before, and no more than some.
    """

    def __init__(self, meetings: Sequence[Meeting], *, seed: int, app_id: str, epoch_ms: int) -> None:
        self._meetings = meetings
        self._seed = seed
        self._app_id = app_id
        self._earliest_ms = epoch_ms - MAX_PERIOD_MS
        self._names = SessionNames(seed)

    def find(self, session_id: str) -> Session | None:
        """Find a session by its ID, whenever it is."""
        place = self._names.parse(session_id)
        if place is None or place[0] >= len(self._meetings):
            return None
        found = self._session_in(*place)
        return found if found and found.id == session_id else None

    def live_in(self, meeting: Meeting, at_ms: int) -> Session | None:
        """Find the meeting's session that is LIVE at the instant."""
        session = self._session_in(meeting.index, meeting.cycle_at(at_ms))
        return session if session and session.started_ms <= at_ms < session.ended_ms else None

    def of(self, meeting: Meeting, first_ms: int, last_ms: int) -> Iterator[Session]:
        """Go through the meeting's sessions started from `first_ms` to `last_ms`, both included."""
        if not meeting.busy:
            return
        first = max(first_ms, self._earliest_ms)
        for cycle in range(meeting.cycle_at(first), meeting.cycle_at(last_ms) + 1):
            session = self._session_in(meeting.index, cycle)
            if session and first <= session.started_ms <= last_ms:
                yield session

    def started(self, first_ms: int, last_ms: int) -> list[Session]:
        """List all sessions started from `first_ms` to `last_ms`, both included, by start, then by ID."""
        hours = range(max(first_ms, self._earliest_ms) // HOUR, last_ms // HOUR + 1)
        return [one for hour in hours for one in self._hour(hour) if first_ms <= one.started_ms <= last_ms]

    def under_way(self, first_ms: int, last_ms: int) -> list[Session]:
        """List all sessions that are LIVE at some instant from `first_ms` to `last_ms`, both included."""
        return [one for one in self.started(first_ms - MAX_PERIOD_MS, last_ms) if one.ended_ms > first_ms]

    def live(self, at_ms: int) -> list[Session]:
        """List all sessions that are LIVE at the instant, by start, then by ID; the list is the caller's."""
        return list(self._live_at(at_ms))

    @cached_property
    def _session_in(self) -> Callable[[int, int], Session | None]:
        return lru_cache(maxsize=1 << 18)(self._make_session)

    @cached_property
    def _hour(self) -> Callable[[int], list[Session]]:
        # Pages of one list are asked for one after the other: its hours are sorted once.
        return lru_cache(maxsize=1024)(self._sort_hour)

    @cached_property
    def _live_at(self) -> Callable[[int], list[Session]]:
        # Likewise: while the clock stands still, all pages are cut from one list.
        return lru_cache(maxsize=4)(lambda at_ms: _overlapping(self._within_minute(at_ms // MINUTE), at_ms, at_ms))

    @cached_property
    def _within_minute(self) -> Callable[[int], list[Session]]:
        # A clock that runs asks for another instant with every page, but rarely for another minute.
        return lru_cache(maxsize=4)(
            lambda minute: _overlapping(
                self._within_hour(minute * MINUTE // HOUR), minute * MINUTE, (minute + 1) * MINUTE - 1
            )
        )

    @cached_property
    def _within_hour(self) -> Callable[[int], list[Session]]:
        return lru_cache(maxsize=2)(self._find_within_hour)

    def _make_session(self, index: int, cycle: int) -> Session | None:
        meeting = self._meetings[index]
        key = f"{self._seed}/session/{index}/{cycle}"
        numbers = draws(key)
        span = meeting.span_in(cycle, numbers)
        if span is None:
            return None
        name = self._names.name(index, cycle, numbers[4])
        return Session(name, meeting.id, self._app_id, meeting.title, *span, key)

    def _sort_hour(self, hour: int) -> list[Session]:
        first, last = hour * HOUR, (hour + 1) * HOUR - 1
        return _in_order(one for meeting in self._meetings for one in self.of(meeting, first, last))

    def _find_within_hour(self, hour: int) -> list[Session]:
        # Of each meeting only the one or two cycles that touch the hour: what started in the hours before
        # and has ended since need not be worked out, of a million meetings least of all.
        first, last = hour * HOUR, (hour + 1) * HOUR - 1
        made = (
            self._make_session(meeting.index, cycle)
            for meeting in self._meetings
            if meeting.busy
            for cycle in range(max(0, meeting.cycle_at(first)), meeting.cycle_at(last) + 1)
        )
        return _in_order(_overlapping((one for one in made if one), first, last))


def _overlapping(sessions: Iterable[Session], first_ms: int, last_ms: int) -> list[Session]:
    return [one for one in sessions if one.started_ms <= last_ms and first_ms < one.ended_ms]


def _in_order(sessions: Iterable[Session]) -> list[Session]:
    return sorted(sessions, key=lambda one: (one.started_ms, one.id))
