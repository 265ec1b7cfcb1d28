"""The history of a world: the sessions of its meetings, each made when it is looked at."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from etl.simulator.clock import HOUR
from etl.simulator.meetings import KEEP_ALIVE_MS, MAX_PERIOD_MS
from etl.simulator.seeded_random import SessionIds, draw_numbers
from etl.simulator.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from etl.simulator.meetings import Meeting
    from etl.simulator.sessions import Booking


class History:
    """The sessions that meetings have by their timetables, and those of `added`.

    Instants are milliseconds since 1970; `first_ms` is the beginning, at which the first sessions are under way.
    """

    def __init__(  # noqa: PLR0913 - keywords that a world passes on
        self,
        meetings: Sequence[Meeting],
        *,
        seed: int,
        app_id: str,
        booking: Booking,
        first_ms: int,
        added: Sequence[Session],
    ) -> None:
        self._meetings = meetings
        self._seed = seed
        self._app_id = app_id
        self._booking: Booking = booking
        self._added = [replace(one, app_id=app_id, booking=booking) for one in added]
        self._ids = SessionIds(seed)
        self._longest_ms = max([MAX_PERIOD_MS, *(one.ended_ms - one.started_ms for one in added)])
        self.earliest_ms = min([first_ms - MAX_PERIOD_MS, *(one.started_ms for one in added)])
        self._in_cycle = lru_cache(maxsize=1 << 17)(self._make_session)
        # Pages of one list are requested one after the other: each hour is sorted once.
        self._in_hour = lru_cache(maxsize=1024)(self._list_in_hour)
        # While the clock stands still, all pages are cut from one list.
        self.live_at = lru_cache(maxsize=4)(self._list_live)

    def find(self, session_id: str) -> Session | None:
        """Find a session by its ID, whenever it starts."""
        index_and_cycle = self._ids.parse(session_id)
        drawn = self._in_cycle(*index_and_cycle) if index_and_cycle else None
        return next((one for one in [*self._added, drawn] if one and one.id == session_id), None)

    def find_live(self, meeting: Meeting, at_ms: int) -> Session | None:
        """Find the session of a meeting that is LIVE at an instant."""
        added = [one for one in self._added if one.meeting_id == meeting.id]
        cycle = meeting.timetable.cycle_at(at_ms) if meeting.timetable else -1
        drawn = self._in_cycle(meeting.index, cycle)
        live = _select_overlapping([*added, drawn] if drawn else added, at_ms, at_ms)
        return live[0] if live else None

    def started(self, first_ms: int, last_ms: int) -> list[Session]:
        """List the sessions that started from `first_ms` to `last_ms`, by their start, then by their ID."""
        started: list[Session] = []
        for hour in range(max(first_ms, self.earliest_ms) // HOUR, last_ms // HOUR + 1):
            begin_ms = max(first_ms, hour * HOUR)
            started += [one for one in self._in_hour(hour) if begin_ms <= one.started_ms <= last_ms]
        return started

    def under_way(self, first_ms: int, last_ms: int) -> list[Session]:
        """List the sessions under way at any time from `first_ms` to `last_ms`, by their start, then by their ID."""
        return [one for one in self.started(first_ms - self._longest_ms, last_ms) if one.ended_ms > first_ms]

    def _list_live(self, at_ms: int) -> list[Session]:
        return _select_overlapping(self._in_hour(at_ms // HOUR), at_ms, at_ms)

    def _list_in_hour(self, hour: int) -> list[Session]:
        first, last = hour * HOUR, (hour + 1) * HOUR - 1
        drawn = (
            self._in_cycle(meeting.index, cycle)
            for meeting in self._meetings
            if meeting.timetable
            for cycle in range(meeting.timetable.cycle_at(first), meeting.timetable.cycle_at(last) + 1)
        )
        overlapping = _select_overlapping([*self._added, *(one for one in drawn if one)], first, last)
        return sorted(overlapping, key=lambda one: (one.started_ms, one.id))

    def _make_session(self, index: int, cycle: int) -> Session | None:
        meeting = self._meetings[index] if index < len(self._meetings) else None
        if meeting is None or meeting.timetable is None or cycle < 0:
            return None
        key = f"{self._seed}/session/{index}/{cycle}"
        stays = meeting.timetable.draw_stays(cycle, key)
        if not stays:
            return None
        return Session(
            id=self._ids.make(index, cycle, draw_numbers(key)[4]),
            meeting_id=meeting.id,
            app_id=self._app_id,
            title=meeting.title,
            stays=stays,
            ended_ms=max(stay.left_ms for stay in stays) + KEEP_ALIVE_MS,
            key=key,
            booking=self._booking,
        )


def _select_overlapping(sessions: Iterable[Session], first_ms: int, last_ms: int) -> list[Session]:
    return [one for one in sessions if one.started_ms <= last_ms and first_ms < one.ended_ms]
