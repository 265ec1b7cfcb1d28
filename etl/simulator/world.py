"""A seeded world: its meetings, their sessions and its day totals at any instant, from the seed and the time alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

from etl.simulator import around_the_clock, working_hours
from etl.simulator.clock import to_ms
from etl.simulator.history import History
from etl.simulator.meetings import Meeting
from etl.simulator.sessions import Booking
from etl.simulator.stays import UNITS_PER_MINUTE
from etl.simulator.working_hours import MAX_LIVE_SHARE

if TYPE_CHECKING:
    from datetime import date

    from etl.simulator.meetings import Payload
    from etl.simulator.sessions import Session, Status

# A Monday.
DEFAULT_EPOCH = datetime(2026, 1, 5, tzinfo=UTC)

Schedule = Literal["around-the-clock", "working-hours"]

_MEETING_MAKERS = {"around-the-clock": around_the_clock.make_meeting, "working-hours": working_hours.make_meeting}


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotal:
    """A UTC day of the app: the sessions that started on the day, and the minutes consumed within it.

    A recording counts, with all of its whole minutes, on the day on which its session started.
    """

    day: date
    sessions: int
    minutes: float
    recordings: int = 0
    recording_minutes: int = 0


@dataclass(frozen=True, kw_only=True)  # without slots, because cached properties need a dictionary
class World:
    """An app whose history of `meetings` rooms has about `live_share` (0 to 1) of them in session at any instant.

    The history begins with the sessions under way at `epoch` and depends on seed and time alone: questions in any
    order, or asked twice, get the same answer. The sessions kept in memory are a cache.

    With the schedule "around-the-clock" meetings are alike, and the share is the same at every hour. With
    "working-hours" the share is the average of a week, at most `MAX_LIVE_SHARE`: a few meetings are heavy, many are
    rare, and few sessions start at night and on weekends. `booking` decides when the minutes of a participant are added
    to a session's total: "on-leave" or "steady" (see `Session`). `added_sessions` are made by hand (see
    `make_session`). They belong to meetings of their own, or to meetings of the world.
    """

    seed: int = 1
    meetings: int = 60
    live_share: float = 0.3
    schedule: Schedule = "around-the-clock"
    booking: Booking = "on-leave"
    added_sessions: tuple[Session, ...] = ()
    epoch: datetime = DEFAULT_EPOCH
    account_id: str = "simulated-account"
    app_id: str = "simulated-app"
    app_name: str = "Simulated app"

    def __post_init__(self) -> None:
        if self.meetings < 0:
            raise ValueError(f"a world of {self.meetings} meetings: the number must be 0 or more")
        if not 0 <= self.live_share <= 1:
            raise ValueError(f"a live share of {self.live_share}: a share is a number from 0 to 1")
        _check_choice("schedule", self.schedule, get_args(Schedule))
        _check_choice("booking", self.booking, get_args(Booking))
        if self.schedule == "working-hours" and self.live_share > MAX_LIVE_SHARE:
            raise ValueError(f"a live share of {self.live_share}: in working hours it is {MAX_LIVE_SHARE} at most")
        if self.epoch.tzinfo is None:
            raise ValueError(f"the epoch {self.epoch.isoformat()} has no time zone")

    @cached_property
    def all_meetings(self) -> list[Meeting]:
        """Every meeting, in the order of its number; last those that only added sessions have."""
        make, epoch_ms = _MEETING_MAKERS[self.schedule], to_ms(self.epoch)
        meetings = [make(self.seed, n, epoch_ms=epoch_ms, live_share=self.live_share) for n in range(self.meetings)]
        known = {meeting.id for meeting in meetings}
        first_sessions = {one.meeting_id: one for one in reversed(self.added_sessions) if one.meeting_id not in known}
        return meetings + [_make_room(one, index) for index, one in enumerate(first_sessions.values(), self.meetings)]

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
        session = self._history.find_live(meeting, at_ms) if meeting else None
        return session.payload(at_ms) if session else None

    def session(self, session_id: str, at: datetime) -> Payload | None:
        """Describe a session as the API does, or None if no session of that ID has started by the instant."""
        session, at_ms = self._history.find(session_id), to_ms(at)
        return session.payload(at_ms) if session and session.started_ms <= at_ms else None

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
        first = to_ms(since) if since else self._history.earliest_ms
        last = min(at_ms, to_ms(until)) if until else at_ms
        if status == "LIVE":
            sessions = [one for one in self._history.live_at(at_ms) if first <= one.started_ms <= last]
        else:
            sessions = [one for one in self._history.started(first, last) if status is None or one.ended_ms <= at_ms]
        return sessions if meeting_id is None else [one for one in sessions if one.meeting_id == meeting_id]

    def sessions_between(self, start: datetime, end: datetime) -> list[Session]:
        """List the sessions under way at any time from `start` up to, not including, `end`."""
        return self._history.under_way(to_ms(start), to_ms(end) - 1)

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
        return [self._day_total(day, at) for day in days]

    def _day_total(self, day: date, at: datetime) -> DayTotal:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = max(start, min(start + timedelta(days=1), at))
        started = self.sessions(at, since=start, until=start + timedelta(days=1, milliseconds=-1))
        recorded = [minutes for one in started if (minutes := one.recording_minutes(at)) is not None]
        return DayTotal(
            day=day,
            sessions=len(started),
            minutes=self.units_between(start, end) / UNITS_PER_MINUTE,
            recordings=len(recorded),
            recording_minutes=sum(recorded),
        )

    @cached_property
    def _meetings_by_id(self) -> dict[str, Meeting]:
        return {meeting.id: meeting for meeting in self.all_meetings}

    @cached_property
    def _history(self) -> History:
        return History(
            self.all_meetings,
            seed=self.seed,
            app_id=self.app_id,
            booking=self.booking,
            first_ms=to_ms(self.epoch),
            added=self.added_sessions,
        )


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"a {name} of {value}: it must be one of {', '.join(allowed)}")


def _make_room(session: Session, index: int) -> Meeting:
    """Make the meeting of a session that is added to a world."""
    created_ms = session.started_ms
    return Meeting(id=session.meeting_id, index=index, title=session.title, created_ms=created_ms, timetable=None)
