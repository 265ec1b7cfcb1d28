"""Fetch final figures: the sessions that have ended, by list or one by one, and daily totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from etl.errors import FailureKind, GiveUp
from etl.realtimekit.ended.sessions import EndedList
from etl.realtimekit.failure_messages import unavailable
from etl.realtimekit.http.session import open_session
from etl.realtimekit.outcomes import make_failure
from etl.realtimekit.workers import Workers
from etl.values.fetch import FetchCounts, Observation
from etl.values.finals import DayTotals, Finals
from etl.values.meetings import ALL_MEETINGS, Meeting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import date, datetime

    from etl.errors import EtlError, RequestError
    from etl.realtimekit.http.client import RealtimeKit
    from etl.settings import ApiSettings
    from etl.values.fetch import Failure
    from etl.values.finals import FinalsRequest, OpenSession
    from etl.values.run import RunContext

# The longest period of daily totals is documented nowhere; the API's own default is the last 30 days.
_DAYS_PER_REQUEST = 30
_LIVE = "LIVE"
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A part of the final figures: its name, the meeting of a failure, and the call that fetches it."""

    name: str
    meeting: Meeting
    fetch: Callable[[RealtimeKit], Awaitable[None]]

    async def run(self, client: RealtimeKit) -> None:
        """Fetch it."""
        await self.fetch(client)


async def fetch_finals(request: FinalsRequest, settings: ApiSettings, context: RunContext) -> Finals:
    """Fetch the final figures of the apps. What can't be fetched is among the failures.

    An open session is fetched by itself only if no list shows it. Never raises for what the API does: a refused token,
    an API that gives no answers, or an interruption end the fetch early.
    """
    collector = _Collector(context.now)
    lists = [EndedList(app_id, request.since, now=context.now) for app_id in request.apps]
    async with open_session(settings, context, collector.counts, spent=request.spent) as session:
        workers = Workers(session)
        tasks = [*map(_list_task, lists), *_day_tasks(request, collector)]
        await workers.run(tasks, fetch=_Task.run, fail=collector.fail)
        errors = [] if session.early_end else _list_errors(lists)
        shown = {(ended.app_id, key) for ended in lists for key in ended.keys}
        tasks = [
            _session_task(unfinished, collector)
            for unfinished in request.open_sessions
            if (unfinished.app_id, unfinished.session_id) not in shown
        ]
        await workers.run(tasks, fetch=_Task.run, fail=collector.fail)
    listed = [observation for ended in lists for observation in ended.observations.values()]
    return Finals(
        sessions=[*collector.sessions, *listed],
        days=collector.days,
        failures=collector.failures,
        counts=collector.counts,
        errors=[*errors, *session.errors],
        defects=session.defects,
    )


class _Collector:
    """Collects what the tasks bring, and their failures."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.sessions: list[Observation] = []
        self.days: list[DayTotals] = []
        self.failures: list[Failure] = []
        self.counts = FetchCounts()

    def fail(self, task: _Task, error: RequestError, attempts: int) -> None:
        """Add the failure of a task, which names what was to be fetched."""
        named = GiveUp(error.kind, f"{task.name}: {error}", error.http_status, error.api_code, error.cf_ray)
        self.counts.failed += 1
        self.failures.append(make_failure(task.meeting, named, attempts))


def _list_task(ended: EndedList) -> _Task:
    return _Task(name="the list of ended sessions", meeting=Meeting(ended.app_id, ALL_MEETINGS), fetch=ended.read)


def _day_tasks(request: FinalsRequest, collector: _Collector) -> Iterator[_Task]:
    """Yield a task for every period of days, from the first requested to today, in UTC."""
    for app_id in request.apps:
        for first, last in _periods(request.since.date(), collector.now().date()):
            yield _Task(
                name=f"the totals of the days {first} to {last}",
                meeting=Meeting(app_id, ALL_MEETINGS),
                fetch=partial(_fetch_days, app_id, first, last, collector),
            )


def _periods(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Divide days into periods that fit into one request each."""
    while first <= last:
        end = min(last, first + timedelta(days=_DAYS_PER_REQUEST - 1))
        yield first, end
        first = end + timedelta(days=1)


async def _fetch_days(app_id: str, first: date, last: date, collector: _Collector, client: RealtimeKit) -> None:
    entries = await client.daily_totals(app_id, first, last)
    totals = DayTotals(
        app_id=app_id,
        first=first,
        last=last,
        fetched_at=collector.now(),
        entries=entries,
        attempts=client.attempts,
    )
    collector.days.append(totals)


def _session_task(unfinished: OpenSession, collector: _Collector) -> _Task:
    return _Task(
        name=f"session {unfinished.session_id}",
        meeting=Meeting(unfinished.app_id, unfinished.meeting_id),
        fetch=partial(_fetch_session, unfinished, collector),
    )


async def _fetch_session(unfinished: OpenSession, collector: _Collector, client: RealtimeKit) -> None:
    """Fetch an open session. One that is still live has no final figures, and that is not a failure."""
    payload = await client.session(unfinished.app_id, unfinished.session_id)
    if payload.get("id") != unfinished.session_id:
        raise GiveUp(FailureKind.MALFORMED, "the answer is about another session", http_status=_OK)
    if payload.get("status") != _LIVE:
        meeting = Meeting(unfinished.app_id, unfinished.meeting_id)
        collector.sessions.append(Observation(meeting, collector.now(), payload, client.attempts))


def _list_errors(lists: Sequence[EndedList]) -> list[EtlError]:
    """Return the errors of lists of which nothing could be read: each one that is refused, or one for all."""
    unread = [(ended, ended.error) for ended in lists if ended.error and not ended.is_begun]
    refused = [(ended, error) for ended, error in unread if isinstance(error, GiveUp)]
    all_unread = unread[:1] if len(unread) == len(lists) else []
    return [
        unavailable(error, f"the list of ended sessions of app {ended.app_id} can't be read ({error.message})")
        for ended, error in refused or all_unread
    ]
